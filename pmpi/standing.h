/*
 * Spar: a persistent allreduce. MPI demands one order of the calls that make
 * persistent requests, but none of their starts, neither among themselves nor
 * towards other collective calls. So a persistent call has no place in the
 * sequence and never waits in the queue: it has a number in the order of
 * creation, tags, a lane, a layer and a plan of its own.
 *
 * What the n-th start does depends on n and on what all ranks have agreed on in
 * the headers of the starts before it, which are complete by then: the first
 * SPAR_LEARN_STEPS starts are dense, by MPI's own persistent request, then
 * sparse ones follow; a rank that finds them slower (mode auto) asks for the
 * end of that in its header.
 */
#ifndef SPAR_PMPI_STANDING_H
#define SPAR_PMPI_STANDING_H

#include "pmpi/comm.h"

typedef struct spar_standing {
    struct spar_standing *next; /* on its communicator */
    spar_comm_t *comm;
    MPI_Request request; /* MPI's own, which the application holds */
    spar_allreduce_call_t call;
    spar_dtype_t dtype;
    uint32_t number;
    atomic_bool dense; /* for good */
    /* All below is guarded by the communicator's `busy`. */
    uint64_t starts;
    spar_layer_t layer;
    spar_lane_t lane;
    spar_ring_t *ring;  /* delivers what is owed, piece by piece */
    uint64_t delivered; /* elements of the present delivery */
    bool judged;        /* whether it pays has been looked at, mode auto */
    const char *doubt;  /* this rank's, why it may not pay; NULL: none */
} spar_standing_t;

/* MPI has made the persistent request. NULL: it is left to MPI; the same on
 * every rank. Ends the job when there is no memory. */
spar_standing_t *spar_standing_create(spar_comm_t *comm, spar_dtype_t dtype,
                                      const spar_allreduce_call_t *call,
                                      MPI_Request request);

/* The application frees the request, which is not started. What the report
 * needs stays until its communicator's state goes. */
void spar_standing_retire(spar_standing_t *standing);
/* With its communicator's state. */
void spar_standing_destroy_all(spar_comm_t *comm);

/* Whether all starts from now on are MPI's; the same on every rank while the
 * request is not started. */
bool spar_standing_is_dense(const spar_standing_t *standing);

/* A start begins; it is under way afterwards. With `busy` held, as below. */
void spar_standing_start(spar_op_t *op);
/* Advances it, unless it is dense. true: it moved. */
bool spar_standing_progress(spar_op_t *op);
/* A dense start has ended well. */
void spar_standing_watch(spar_op_t *op);

#endif
