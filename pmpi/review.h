/*
 * Spar: second thoughts on a plan, mode auto. In the first steps rank 0 watches
 * whether layers behave like parameters; later, sparse calls that prove slower
 * than the dense calls were are taken back.
 */
#ifndef SPAR_PMPI_REVIEW_H
#define SPAR_PMPI_REVIEW_H

#include "pmpi/comm.h"

/* Dense steps after learning in which the content is watched; 0 outside mode
 * auto. */
uint64_t spar_review_watch_steps(void);

/* Whether the present step is one of them. The same on every rank. */
bool spar_review_is_watching(const spar_comm_t *comm);

/* A dense call of the layer has ended with this result. */
void spar_review_watch(const spar_comm_t *comm, spar_layer_t *layer,
                       const void *result);

/* Whether the step that begins starts with a review. The same on every rank. */
bool spar_review_is_due(const spar_comm_t *comm);
/* Collective over the shadow, with no call under way. */
void spar_review_begin(spar_comm_t *comm);
/* true: done; the plan is up to date. */
bool spar_review_progress(spar_comm_t *comm);

#endif
