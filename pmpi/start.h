/*
 * Spar: from a posted call to a call under way. Calls start in the order in
 * which they were posted, the same on every rank; what a call is, and whether
 * it goes sparse, is decided here and nowhere else, from the sequence and the
 * plan. With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_START_H
#define SPAR_PMPI_START_H

#include "pmpi/comm.h"

/* Moves the first call of the queue on by one stage. true: it moved. false:
 * there is none, or it has to wait for the others or for those before it. */
bool spar_start_next(spar_comm_t *comm);

#endif
