#include "policy/overlap.h"

#include <math.h>

/* Pairs of samples that must disagree rather than agree, less those that agree,
 * as a share of all: independent ones are near 0. And how many standard
 * deviations above 0 that must be: with few layers a large share is chance.
 */
#define OVERLAP_SHARE      0.4
#define OVERLAP_DEVIATIONS 4
/* How much less the moment when a gradient is ready varies than that when the
 * call before it returned. */
#define STEADY_SHARE 0.7
/* So few disagreements among so many pairs are none. */
#define REFUTED_SHARE  0.15
#define REFUTING_PAIRS 140
/* Shorter pauses between two calls are the application's own overhead, seconds.
 */
#define SHORT_GAP 20e-6
/* Pauses must grow by this factor and by this share of a step: computation on a
 * loaded machine is not that uneven. */
#define PAUSE_GROWTH 1.5
#define PAUSE_SHARE  0.04

/* Median distance from the median. */
static double spread(const spar_samples_t *samples)
{
    double median = spar_samples_median(samples);
    spar_samples_t distances = *samples;

    for (int i = 0; i < SPAR_SAMPLES; i++) {
        distances.seconds[i] = fabs(samples->seconds[i] - median);
    }
    return spar_samples_median(&distances);
}

/* A gradient is ready at about the same moment, whenever the call before it
 * returned. On processors that are shared, gaps and returns oppose each other
 * for other reasons, too. */
static bool is_ready_on_time(const spar_samples_t *before,
                             const spar_samples_t *gap)
{
    spar_samples_t ready = *before;

    for (int i = 0; i < SPAR_SAMPLES; i++) {
        ready.seconds[i] += gap->seconds[i];
    }
    return spread(&ready) < STEADY_SHARE * spread(before);
}

void spar_overlap_add(spar_overlap_t *overlap, const spar_samples_t *before,
                      const spar_samples_t *gap)
{
    int pairs, opposed = 0;
    double n;

    if (spar_samples_median(gap) <= SHORT_GAP) {
        return;
    }
    pairs = spar_samples_compare(before, gap, &opposed);
    overlap->apart += opposed;
    if (opposed < 0 || is_ready_on_time(before, gap)) {
        overlap->opposed += opposed;
    }
    /* Pairs are n (n - 1) / 2 of n samples, and the variance of Kendall's sum
     * n (n - 1) (2n + 5) / 18 (M. Kendall, Rank Correlation Methods, 1948). */
    n = (1 + sqrt(1 + 8.0 * pairs)) / 2;
    overlap->pairs += pairs;
    overlap->variance += pairs * (2 * n + 5) / 9;
}

bool spar_overlap_is_seen(const spar_overlap_t *overlap)
{
    double chance = OVERLAP_DEVIATIONS * sqrt(overlap->variance);

    return overlap->opposed > OVERLAP_SHARE * overlap->pairs &&
           overlap->opposed > chance;
}

bool spar_overlap_is_refuted(const spar_overlap_t *overlap)
{
    return overlap->pairs >= REFUTING_PAIRS &&
           overlap->apart < REFUTED_SHARE * overlap->pairs;
}

bool spar_overlap_has_pauses(double dense, double least, double step)
{
    return least > PAUSE_GROWTH * dense + PAUSE_SHARE * step;
}
