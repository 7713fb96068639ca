/*
 * Spar: what an exchange algorithm may ask of the network: four calls. Two
 * implementations: MPI on a shadow communicator (pmpi/transport_mpi.h) and an
 * in-process loopback for tests (exchange/loopback.h).
 *
 * Messages between two ranks with one tag arrive in the order in which they
 * were sent. Not thread-safe per transport: one caller at a time.
 */
#ifndef SPAR_EXCHANGE_TRANSPORT_H
#define SPAR_EXCHANGE_TRANSPORT_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct spar_transport spar_transport_t;

/* One message under way. Zero-initialised: none. */
typedef struct spar_transfer {
    void *handle;
    size_t bytes; /* of a receive that is done: what has come */
} spar_transfer_t;

typedef struct spar_transport_ops {
    /* Starts to send `bytes` (at most 2^31 - 1) from `data`, which stays
     * unchanged until the transfer is done. SPAR_ERR_TRANSPORT on failure. */
    spar_status_t (*isend)(spar_transport_t *transport, int peer, int tag,
                           const void *data, size_t bytes,
                           spar_transfer_t *transfer_p);
    /* Starts to receive at most `bytes`. */
    spar_status_t (*irecv)(spar_transport_t *transport, int peer, int tag,
                           void *data, size_t bytes,
                           spar_transfer_t *transfer_p);
    /* SPAR_OK: done, the transfer is none again, and `bytes` tells how much a
     * receive has got. SPAR_INPROGRESS: not yet. SPAR_ERR_TRANSPORT: it failed
     * (also when the message is longer than the room for it). */
    spar_status_t (*test)(spar_transport_t *transport,
                          spar_transfer_t *transfer);
    /* Gives a transfer up. Its buffer may be reused afterwards only if
     * `cancel_ends` is set: MPI may still read or write it. */
    void (*cancel)(spar_transport_t *transport, spar_transfer_t *transfer);
} spar_transport_ops_t;

struct spar_transport {
    const spar_transport_ops_t *ops;
    int rank;
    int size;
    bool cancel_ends;
};

#endif
