/*
 * Spar: small agreements between the ranks of a communicator, over its shadow.
 * Collective: the ranks start them in the same order, in the order of the
 * application's calls. One at a time per communicator; none blocks. A failure
 * ends the job: nothing can be agreed on any more.
 */
#ifndef SPAR_PMPI_AGREE_H
#define SPAR_PMPI_AGREE_H

#include "pmpi/comm.h"

/* Starts to replace the values by their minima over the ranks. They stay where
 * they are until it is done. */
void spar_agree_min(spar_comm_t *comm, double *values, size_t count);

/* The same by their sums. These must be exact, so that they are the same on all
 * ranks in whatever order they are formed. */
void spar_agree_sum(spar_comm_t *comm, double *values, size_t count);

/* Starts to make rank 0's bytes hold for all. */
void spar_agree_root(spar_comm_t *comm, void *bytes, size_t size);

/* Whether the agreement that was started last is done. */
bool spar_agree_is_done(spar_comm_t *comm);

/* Whether there is one on any communicator. All that is posted waits for it. */
bool spar_agree_is_under_way(void);

/* How many were found done. */
uint64_t spar_agree_count(const spar_comm_t *comm);

#endif
