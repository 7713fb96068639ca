/* Spar: what a call cost the application. */
#ifndef SPAR_PMPI_COST_H
#define SPAR_PMPI_COST_H

#include "pmpi/comm.h"

/* The application is through with the call: its layer and the sequence learn
 * what it cost. With the communicator's `busy` held. */
void spar_cost_note(const spar_op_t *op);

/* This rank has sent so many bytes for the call. Likewise. */
void spar_cost_bytes(spar_op_t *op, uint64_t bytes);

#endif
