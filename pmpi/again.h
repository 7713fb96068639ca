/*
 * Spar: another look at layers that stayed dense because of times alone
 * (policy/second_look.h), mode auto. A first measurement may have been
 * disturbed, and networks change: rank 0 proposes the layers anew, from what
 * their dense calls have taken since. There are no trials: a layer takes the
 * best method if that is clearly predicted faster, and reviews take it back if
 * it proves slower.
 *
 * Part of a review (pmpi/review.c), with the communicator's `busy` held. The
 * same on every rank: all follows from agreed seconds and the number of the
 * step.
 */
#ifndef SPAR_PMPI_AGAIN_H
#define SPAR_PMPI_AGAIN_H

#include "pmpi/comm.h"

/* Whether the step that begins looks at some layer again. */
bool spar_again_is_due(const spar_comm_t *comm);

/* With the agreed seconds of the calls since the last review, by method and
 * layer: starts to broadcast rank 0's proposal. */
void spar_again_begin(spar_comm_t *comm, const double *seconds);
/* All ranks have it: it holds from now on. After rank 0 has solved for the
 * densities of the other layers, if there is a rule. */
void spar_again_adopt(spar_comm_t *comm);

#endif
