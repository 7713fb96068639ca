/*
 * Spar: fits a model to calls that were timed, while the job runs. The rank
 * that decides keeps a history, adds what all ranks agreed a call took, and
 * broadcasts the fitted model. No allocation; one thread at a time.
 */
#ifndef SPAR_POLICY_MODEL_FIT_H
#define SPAR_POLICY_MODEL_FIT_H

#include "policy/model.h"

#include <stddef.h>

/* The newest calls of each method that count. */
#define SPAR_MODEL_HISTORY 64

typedef struct spar_model_observation {
    spar_model_shape_t shape;
    double seconds;
} spar_model_observation_t;

/* Zero-initialised: empty. */
typedef struct spar_model_history {
    spar_model_observation_t calls[SPAR_METHODS][SPAR_MODEL_HISTORY];
    size_t added[SPAR_METHODS]; /* calls ever added */
} spar_model_history_t;

/* Adds one timed call: seconds of all of it, selection included. What tells
 * nothing is left out: seconds that are not finite or not > 0, one rank. */
void spar_model_observe(spar_model_history_t *history, spar_method_t method,
                        const spar_model_shape_t *shape, double seconds);

/*
 * The model that fits the history best: least squares of log(predicted /
 * observed), re-weighted after Huber (Annals of Mathematical Statistics 35,
 * 1964) so that a call that took 100 times as long counts little, and of
 * log(value / prior), so that values of which the history tells nothing stay
 * at the priors. Found by Gauss-Newton steps from *model, which may be the
 * priors or an earlier fit. All values stay within a factor of 10000 of the
 * priors.
 */
void spar_model_fit(const spar_model_history_t *history,
                    const spar_model_t *priors, spar_model_t *model);

#endif
