/*
 * Spar: the plan of a communicator: which layers there are and which go
 * sparse. It changes only at places in the sequence of calls that all ranks
 * reach, through small collective operations on the shadow communicator, so
 * that it is the same on every rank. Nothing here blocks: a call that needs the
 * new plan waits in the queue, and so do those behind it.
 */
#ifndef SPAR_PMPI_PLAN_H
#define SPAR_PMPI_PLAN_H

#include "pmpi/comm.h"

/*
 * Collective over the shadow, with no call under way: rank 0 judges the
 * proposed period, all adopt it, and each layer gets its verdict.
 */
void spar_plan_begin(spar_comm_t *comm, size_t proposal);
/* true: the plan is made; *place_p is what the present call is. */
bool spar_plan_progress(spar_comm_t *comm, spar_sequence_place_t *place_p);

/* After the plan was made or reviewed, on rank 0 first: its proposal of methods
 * is broadcast. */
void spar_plan_begin_proposal(spar_comm_t *comm);

/* Density of the layer's call in the present step. */
double spar_plan_density(const spar_comm_t *comm, const spar_layer_t *layer);

/* Whether the entries of such a layer fit into the messages of an exchange. */
bool spar_plan_fits(const spar_layer_t *layer, int ranks);

/* The sequence changed: the layers' residuals wait for a new sequence with
 * the same layers. */
void spar_plan_drop(spar_comm_t *comm);

#endif
