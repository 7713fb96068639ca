/*
 * Spar: which method a layer takes. The cost model proposes (rank 0's proposal
 * is broadcast), measurement decides: dense steps alternate between the dense
 * methods, then each promising sparse method has some steps, and the fastest
 * stays. Plain data and pure functions of it, so that all ranks, with the same
 * agreed numbers, come to the same end.
 */
#ifndef SPAR_POLICY_TRIAL_H
#define SPAR_POLICY_TRIAL_H

#include "policy/model.h"

#include <stdbool.h>
#include <stdint.h>

/* Steps for which each sparse candidate is tried, and how many there are. */
#define SPAR_TRIAL_STEPS      8
#define SPAR_TRIAL_CANDIDATES 3
/* Predicted to take more than so many times as long as the fastest: not worth
 * a try. Predictions are off by less (bench/sim). */
#define SPAR_TRIAL_NEAR 2.0

/* The proposal for a layer; the same on every rank. Zero-initialised: dense,
 * by MPI. */
typedef struct spar_trial {
    /* The largest density at which the best candidate is predicted to be
     * faster than the dense method. */
    double pays_below;
    double predicted;     /* seconds of the first candidate */
    spar_method_t dense;  /* the faster dense method */
    spar_method_t method; /* in force, if the layer is sparse */
    uint32_t count;
    spar_method_t candidates[SPAR_TRIAL_CANDIDATES]; /* most promising first */
} spar_trial_t;

/*
 * Proposes candidates out of the mask `sparse` for a layer whose dense call
 * takes dense_seconds; trial->dense is set by the caller before. With
 * dense_seconds 0 the layer is sparse in any case; otherwise, without a
 * promising candidate, count is 0. One candidate only where `measurable` is
 * not set: the layer's calls cannot be timed one by one.
 */
void spar_trial_propose(const spar_model_t *model,
                        const spar_model_shape_t *shape, unsigned sparse,
                        double dense_seconds, bool measurable,
                        spar_trial_t *trial);

/* The candidate of a round of trials, from 0. */
spar_method_t spar_trial_candidate(const spar_trial_t *trial, uint64_t round);

/* The dense method of a step in which the dense methods are compared. */
spar_method_t spar_trial_dense(uint64_t step);

/* A candidate must be measured to take less than this share of the most
 * promising one: methods that are equally fast would each need scratch. */
#define SPAR_TRIAL_BETTER 0.95

/* The fastest candidate by agreed seconds (per method, 0: not measured); the
 * present method if none was measured. */
spar_method_t spar_trial_fastest(const spar_trial_t *trial,
                                 const double seconds[SPAR_METHODS]);

#endif
