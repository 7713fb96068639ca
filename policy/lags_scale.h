/*
 * Spar: how far the predictions that the solver of densities (policy/lags.h)
 * works with are off, learnt from what exchanges take. A review says: the cost
 * model predicted `fixed` seconds at any density, plus `slope` seconds at the
 * densities in force, and the exchanges kept the network busy for `busy`
 * seconds. Sought are two factors > 0 with busy = a fixed + b slope.
 *
 * Weighted least squares of relative misses over the latest reviews, newer ones
 * count more, misses beyond the usual noise less (Huber). A ridge holds
 * the factors near those of the latest change: where densities did not change
 * since, reviews do not tell the two apart. When a review is far from what was
 * expected, and no factors agree with it and the reviews before, the link's
 * rate has changed: what is older is forgotten.
 *
 * Not thread-safe: one caller at a time.
 */
#ifndef SPAR_POLICY_LAGS_SCALE_H
#define SPAR_POLICY_LAGS_SCALE_H

#include <stddef.h>

#define SPAR_LAGS_SCALE_HISTORY 32

typedef struct spar_lags_scale_review {
    double fixed; /* seconds, >= 0, as predicted without any factor */
    double slope; /* seconds, >= 0 */
    double busy;  /* seconds, > 0 */
} spar_lags_scale_review_t;

typedef struct spar_lags_scale {
    double fixed; /* factors, within 1e-6 to 1e6 */
    double slope;
    spar_lags_scale_review_t reviews[SPAR_LAGS_SCALE_HISTORY]; /* newest last */
    size_t count;
    double anchor_fixed; /* factors after the latest change */
    double anchor_slope;
    double missed; /* by the latest review, natural logarithm of the factor */
} spar_lags_scale_t;

/* No reviews yet: factors of 1. */
void spar_lags_scale_init(spar_lags_scale_t *scale);

/* One more review; the factors are those of the latest. One with values outside
 * their bounds, not finite, or without any prediction is ignored. */
void spar_lags_scale_add(spar_lags_scale_t *scale,
                         const spar_lags_scale_review_t *review);

/* Seconds by the present factors. */
double spar_lags_scale_predict(const spar_lags_scale_t *scale, double fixed,
                               double slope);

#endif
