/*
 * Spar: small agreements between the ranks of a communicator, over its shadow.
 * Collective and blocking. A failure ends the job: nothing can be agreed on any
 * more.
 */
#ifndef SPAR_PMPI_AGREE_H
#define SPAR_PMPI_AGREE_H

#include "pmpi/comm.h"

/* Replaces the values by their minima over the ranks. */
void spar_agree_min(spar_comm_t *comm, double *values, size_t count);

/* Rank 0's bytes hold for all. */
void spar_agree_root(spar_comm_t *comm, void *bytes, size_t size);

#endif
