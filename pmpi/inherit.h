/*
 * Spar: what becomes of the residuals when a changed sequence has been learnt
 * again. A residual belongs to the same layer or to none: added to another
 * layer's gradient it would be a wrong result.
 */
#ifndef SPAR_PMPI_INHERIT_H
#define SPAR_PMPI_INHERIT_H

#include "pmpi/comm.h"

/*
 * On rank 0, whose answer holds for all because addresses are local: fills the
 * negotiation's origins, for each layer of comm->layers the old layer that it
 * continues. A layer is the same if its type and count occur once in both
 * sequences; or if rank 0 has seen it alone in one and the same buffer all the
 * time, before and now; or if the whole step is the same, at most begun
 * elsewhere. It is not where buffers and places in the step contradict each
 * other: two layers of one size may have swapped their order.
 */
void spar_inherit_find(spar_comm_t *comm);

/* On every rank: moves the residuals of the negotiation's old layers (freed
 * here) into comm->layers. What finds no layer is reported as not sent. */
void spar_inherit_apply(spar_comm_t *comm);

#endif
