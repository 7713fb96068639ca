/*
 * Spar: what the user says of layers (SPAR_INCLUDE, SPAR_EXCLUDE). The same on
 * every rank: the lists are rank 0's, slot and size are the plan's, and the
 * number of the communicator is agreed.
 */
#ifndef SPAR_PMPI_LAYER_CHOICE_H
#define SPAR_PMPI_LAYER_CHOICE_H

#include "pmpi/comm.h"

/* Of a layer that is dense for that. */
#define SPAR_LAYER_EXCLUDED "SPAR_EXCLUDE names it"

/* Whether the layer of that slot is to stay dense. */
bool spar_layer_is_excluded(const spar_comm_t *comm, size_t slot);
/* Whether guards, which doubt that it is a gradient, are not to hold for it.
 * Never for one that is excluded. */
bool spar_layer_is_included(const spar_comm_t *comm, size_t slot);

/* The same for a call of `count` elements that has no slot: a persistent one,
 * or one outside the steps that are known. Slots do not name it. */
bool spar_call_is_excluded(const spar_comm_t *comm, uint64_t count);
bool spar_call_is_included(const spar_comm_t *comm, uint64_t count);

#endif
