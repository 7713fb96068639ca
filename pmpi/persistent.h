/*
 * Spar: persistent allreduce. MPI has no persistent generalized requests, so
 * the application holds MPI's own persistent request, which the engine starts
 * only where the call is dense (pmpi/standing.h); each start gives it a
 * generalized request behind the scenes, which stands for it in the completion
 * calls.
 */
#ifndef SPAR_PMPI_PERSISTENT_H
#define SPAR_PMPI_PERSISTENT_H

#include "pmpi/op.h"

/* After MPI has made the persistent request, or has failed to (`code`, which is
 * returned): if it is a candidate's, its starts go to the engine. */
int spar_persistent_take_over(int code, const spar_allreduce_call_t *call,
                              const MPI_Request *request);

/* The requests with those behind the scenes in place of ours, MPI_REQUEST_NULL
 * if they are not started: MPI treats it as an inactive one. The array itself
 * if there are no persistent requests of ours, else a copy. */
MPI_Request *spar_persistent_view(int count, MPI_Request *requests);
/* Brings back to `requests` what a completion call made of the view, and frees
 * it. */
void spar_persistent_merge(int count, MPI_Request *requests, MPI_Request *view);

/* What stands for the request now. */
MPI_Request spar_persistent_current(MPI_Request request);

#endif
