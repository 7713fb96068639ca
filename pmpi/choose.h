/*
 * Spar: which method each layer's call takes in the present step, and how that
 * is found out: rank 0 proposes from its cost model, dense steps and trials are
 * measured, and all ranks conclude from agreed seconds.
 *
 *   mode auto: dense steps (MPI's and Spar's own in turn) while the content is
 *   watched; then the ramp of the density; then trials of the sparse
 *   candidates; then the fastest, reviewed now and then.
 *   mode ab: the same, and then dense and sparse windows (pmpi/ab.h).
 *   mode periodic: the dense steps of auto, and then the faster dense method
 *   (pmpi/periodic.h).
 *   modes sparse and shadow: the same as auto without the dense steps.
 */
#ifndef SPAR_PMPI_CHOOSE_H
#define SPAR_PMPI_CHOOSE_H

#include "pmpi/comm.h"

/* Dense steps that are watched, mode auto; 0 otherwise. */
uint64_t spar_choose_watch_steps(void);
/* Whether the present step is one of them. */
bool spar_choose_is_watching(const spar_comm_t *comm);

/* Whether the present step is one of some with the least density for blocking
 * calls, which show whether a second thread makes them (pmpi/timeline.h). */
bool spar_choose_is_probing(const spar_comm_t *comm);
/* Whether it is the first one behind them. */
bool spar_choose_has_probed(const spar_comm_t *comm);

/* The step after which the ramp and all trials are over. */
uint64_t spar_choose_settled_step(const spar_comm_t *comm);

/* Sparse methods that may be taken here, as a mask. */
unsigned spar_choose_allowed(const spar_comm_t *comm);

/* Fills the negotiation with rank 0's proposal for every layer, from the
 * model and the layers' agreed seconds; then it is to be broadcast. */
void spar_choose_propose(spar_comm_t *comm);
/* The same for one layer, at that density; with spar_forecast_fit before. */
void spar_choose_propose_layer(const spar_comm_t *comm,
                               const spar_layer_t *layer, double density,
                               spar_trial_t *trial);
/* All ranks have the proposal: it holds from now on. */
void spar_choose_adopt(spar_comm_t *comm);

/* What the layer's call does in the present step. The same on every rank. */
spar_method_t spar_choose_method(const spar_comm_t *comm,
                                 const spar_layer_t *layer);

#endif
