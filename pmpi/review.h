/*
 * Spar: second thoughts on a plan. Mode auto: after the dense steps that are
 * watched (in mode periodic, too), layers with a guard (pmpi/guards.h) stay
 * dense, the faster dense method is known, and the sparse methods are proposed
 * anew. All modes: after the trials each layer takes the fastest of its
 * candidates. Mode auto, later: sparse calls that prove slower than the dense
 * calls were are taken back.
 */
#ifndef SPAR_PMPI_REVIEW_H
#define SPAR_PMPI_REVIEW_H

#include "pmpi/comm.h"

/* Whether the step that begins starts with a review. The same on every rank. */
bool spar_review_is_due(const spar_comm_t *comm);
/* Collective over the shadow, with no call under way. */
void spar_review_begin(spar_comm_t *comm);
/* true: done; the plan is up to date. */
bool spar_review_progress(spar_comm_t *comm);

#endif
