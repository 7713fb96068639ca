/* Spar: the latest few of a series of durations. */
#ifndef SPAR_POLICY_SAMPLES_H
#define SPAR_POLICY_SAMPLES_H

#include <stdint.h>

#define SPAR_SAMPLES 8

/* Zero-initialised: none yet. */
typedef struct spar_samples {
    double seconds[SPAR_SAMPLES];
    uint64_t count; /* in all */
} spar_samples_t;

void spar_samples_add(spar_samples_t *samples, double seconds);

/*
 * Whether two series that were added to together move in opposite directions:
 * of each pair of their latest samples, adds 1 to *opposed if the larger sample
 * of one goes with the smaller one of the other, takes 1 away if the larger
 * ones go together (Kendall's tau, with the sign turned). Returns the number of
 * pairs.
 */
int spar_samples_compare(const spar_samples_t *a, const spar_samples_t *b,
                         int *opposed);

/* Median and least of the latest ones; 0: none. */
double spar_samples_median(const spar_samples_t *samples);
double spar_samples_least(const spar_samples_t *samples);

#endif
