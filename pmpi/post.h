/*
 * Spar: how candidates (pmpi/candidate.h) enter the engine. In the order of the
 * application's calls on the communicator.
 */
#ifndef SPAR_PMPI_POST_H
#define SPAR_PMPI_POST_H

#include "pmpi/comm.h"

/* Completes the call. Returns an MPI code; errors have been through the
 * communicator's error handler. */
int spar_post_blocking(spar_comm_t *comm, spar_dtype_t dtype,
                       const spar_allreduce_call_t *call);

/* true: the call is started and has a request. false: MPI is to make it, and
 * the sequence has been told of it. */
bool spar_post_nonblocking(spar_comm_t *comm, spar_dtype_t dtype,
                           const spar_allreduce_call_t *call,
                           MPI_Request *request_p);

struct spar_standing;
/* The same for a start of a persistent call. */
void spar_post_start(struct spar_standing *standing, MPI_Request *request_p);

/* Whether non-blocking calls are taken over at all. */
bool spar_post_takes_requests(void);

#endif
