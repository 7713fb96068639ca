/*
 * Spar: the exchange machines of a lane, one per sparse method. Those of one
 * lane share its two tags, because only one of them runs at a time.
 */
#ifndef SPAR_PMPI_MACHINES_H
#define SPAR_PMPI_MACHINES_H

#include "pmpi/comm.h"

/* The sparse methods that there are for a communicator, as a mask; the same on
 * every rank. */
unsigned spar_machines_methods(const spar_comm_t *comm);

/* Makes the machines of these methods (a mask) that the lane does not have yet.
 * false: out of memory; the lane keeps what it has. */
bool spar_machines_make(spar_comm_t *comm, spar_lane_t *lane, int tag,
                        unsigned methods);
void spar_machines_drop(spar_lane_t *lane);

/* Frees the scratch of the machines of other methods than these. */
void spar_machines_keep(spar_lane_t *lane, unsigned methods);

/* Bytes of scratch that are held. */
size_t spar_machines_memory(const spar_lane_t *lane);

#endif
