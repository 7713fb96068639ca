/*
 * Spar: a network of N ranks inside one process, for tests. It keeps MPI's
 * order (per sender, receiver and tag), and can delay messages by a random
 * number of tests, deliver them late in another order than sent across
 * different pairs, damage, shorten or repeat them, lose a rank, and fail calls.
 * The caller drives all ranks in turn from one thread.
 */
#ifndef SPAR_EXCHANGE_LOOPBACK_H
#define SPAR_EXCHANGE_LOOPBACK_H

#include "exchange/transport.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct spar_loopback spar_loopback_t;

typedef struct spar_loopback_faults {
    uint64_t seed;
    /* Each message becomes visible after 0 to max_delay tests by its
     * receiver; messages of different pairs overtake each other. */
    unsigned max_delay;
    /* The isend or irecv with this number (from 1, over all ranks) fails. */
    uint64_t fail_call;
    /* The message with this number (from 1) arrives with one bit flipped. */
    uint64_t damage_message;
    size_t damage_within; /* its first bytes; 0: anywhere */
    /* The message with this number arrives one byte short. */
    uint64_t truncate_message;
    /* The message with this number arrives twice. MPI never does that; it
     * stands for a sender that does. */
    uint64_t duplicate_message;
    /* Messages from this rank are lost from message `lost_after` on. */
    int lost_rank; /* -1: none */
    uint64_t lost_after;
} spar_loopback_faults_t;

/* faults NULL: a perfect network. */
spar_status_t spar_loopback_create(int size,
                                   const spar_loopback_faults_t *faults,
                                   spar_loopback_t **loopback_p);
void spar_loopback_destroy(spar_loopback_t *loopback);

/* The transport of one rank; owned by the loopback. */
spar_transport_t *spar_loopback_transport(spar_loopback_t *loopback, int rank);

/* Bytes that a rank has sent so far. */
uint64_t spar_loopback_bytes_sent(const spar_loopback_t *loopback, int rank);

/* Bytes that a rank has received so far. */
uint64_t spar_loopback_bytes_received(const spar_loopback_t *loopback,
                                      int rank);

/* Messages so far, of all ranks. */
uint64_t spar_loopback_messages(const spar_loopback_t *loopback);

/* Calls of isend and irecv so far, of all ranks. */
uint64_t spar_loopback_calls(const spar_loopback_t *loopback);

/* Transfers that were started and neither finished nor canceled. */
size_t spar_loopback_pending(const spar_loopback_t *loopback);

/* Messages that nobody has received yet. */
size_t spar_loopback_undelivered(const spar_loopback_t *loopback);

/* Changes whenever a transfer begins or ends or a message comes nearer: if it
 * stays, all ranks wait. */
uint64_t spar_loopback_activity(const spar_loopback_t *loopback);

#endif
