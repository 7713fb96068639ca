/*
 * Spar: a network of N ranks inside one process with a clock of its own, which
 * tells how long an exchange would take there, to the nanosecond and without
 * waiting. Local work takes no time.
 *
 * A message occupies its sender's interface for overhead + bytes * byte
 * seconds, then flies for the latency, and occupies its receiver's interface
 * for as long as the sender's; both directions of an interface work at the same
 * time. What goes between nodes uses the nodes' interfaces, in the order in
 * which it comes; what stays on a node uses interfaces of the ranks' own. It is
 * received while it is sent, so that alone it takes overhead + bytes * byte +
 * latency (LogGP: Alexandrov et al., SPAA 1995). Messages are never lost.
 *
 * The caller drives all ranks from one thread: lets each rank do what it can,
 * and then advances the clock again and again, each time letting the rank go on
 * that is named.
 */
#ifndef SPAR_EXCHANGE_SIMULATED_H
#define SPAR_EXCHANGE_SIMULATED_H

#include "exchange/transport.h"

#include <stdint.h>

typedef struct spar_simulated spar_simulated_t;

/* Seconds; byte: per byte. All >= 0. */
typedef struct spar_simulated_level {
    double latency, overhead, byte;
} spar_simulated_level_t;

typedef struct spar_simulated_network {
    int ranks;
    int per_node;                   /* ranks in blocks of so many */
    spar_simulated_level_t node;    /* between ranks of one node */
    spar_simulated_level_t network; /* between nodes */
} spar_simulated_network_t;

/* SPAR_ERR_INVALID: no rank, or no rank per node. SPAR_ERR_NO_MEMORY. */
spar_status_t spar_simulated_create(const spar_simulated_network_t *network,
                                    spar_simulated_t **simulated_p);
/* Messages that nobody received go with it. */
void spar_simulated_destroy(spar_simulated_t *simulated);

/* The transport of one rank; owned by the network. */
spar_transport_t *spar_simulated_transport(spar_simulated_t *simulated,
                                           int rank);

/* Seconds since the beginning. */
double spar_simulated_now(const spar_simulated_t *simulated);

/* Advances the clock until a send or a receive of some rank may be done, and
 * returns this rank; -1: nothing is under way any more, or memory is
 * exhausted. */
int spar_simulated_advance(spar_simulated_t *simulated);

#endif
