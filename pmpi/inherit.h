/*
 * Spar: what becomes of the residuals when a changed sequence has been learnt
 * again. A residual belongs to the same layer or to none: added to another
 * layer's gradient it would be a wrong result.
 */
#ifndef SPAR_PMPI_INHERIT_H
#define SPAR_PMPI_INHERIT_H

#include "pmpi/comm.h"

/*
 * Collective over the shadow: moves the residuals of `old` (freed here) into
 * comm->layers. A layer is the same if the whole step is the same, at most
 * begun elsewhere; or if its type and count occur once in both sequences; or if
 * rank 0 sees it alone in the same buffer as before. What finds no layer is
 * reported as not sent.
 */
void spar_inherit(spar_comm_t *comm, spar_layer_t *old, size_t old_count);

#endif
