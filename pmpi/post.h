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

/* Starts the call and gives it a request. */
int spar_post_request(spar_comm_t *comm, spar_dtype_t dtype,
                      const spar_allreduce_call_t *call,
                      MPI_Request *request_p);

struct spar_standing;
/* The same for a start of a persistent call. */
int spar_post_start(struct spar_standing *standing, MPI_Request *request_p);

/* Whether non-blocking calls are taken over at all. Where not, MPI does them,
 * and spar_post_note tells the sequence of them. */
bool spar_post_takes_requests(void);
void spar_post_note(spar_comm_t *comm, spar_dtype_t dtype,
                    const spar_allreduce_call_t *call);

#endif
