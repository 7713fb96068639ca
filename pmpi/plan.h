/*
 * Spar: the plan of a communicator: which layers there are and which go
 * sparse. It changes only at places in the sequence of calls that all ranks
 * reach together, through small collective operations on the shadow
 * communicator, so that it is the same on every rank.
 */
#ifndef SPAR_PMPI_PLAN_H
#define SPAR_PMPI_PLAN_H

#include "pmpi/comm.h"

/*
 * Collective over the shadow: rank 0 judges the proposed period, all adopt
 * it, and each layer gets its verdict. Returns the present call's place.
 */
spar_sequence_place_t spar_plan_make(spar_comm_t *comm, size_t proposal);

/* Whether the layer's call in the present step is to be taken over. */
bool spar_plan_takes(const spar_comm_t *comm, const spar_layer_t *layer);

/* Density in the present step. */
double spar_plan_density(const spar_comm_t *comm);

/* The sequence changed: the layers' residuals wait for a new sequence with
 * the same layers. */
void spar_plan_drop(spar_comm_t *comm);

#endif
