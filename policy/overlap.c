#include "policy/overlap.h"

#include <math.h>

/* Pairs of samples that must disagree rather than agree, less those that agree,
 * as a share of all: independent ones are near 0. And how many standard
 * deviations above 0 that must be: with few layers a large share is chance.
 */
#define OVERLAP_SHARE      0.4
#define OVERLAP_DEVIATIONS 4
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

void spar_overlap_add(spar_overlap_t *overlap, const spar_samples_t *before,
                      const spar_samples_t *gap)
{
    int pairs;
    double n;

    if (spar_samples_median(gap) <= SHORT_GAP) {
        return;
    }
    pairs = spar_samples_compare(before, gap, &overlap->opposed);
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
           overlap->opposed < REFUTED_SHARE * overlap->pairs;
}

bool spar_overlap_has_pauses(double dense, double least, double step)
{
    return least > PAUSE_GROWTH * dense + PAUSE_SHARE * step;
}
