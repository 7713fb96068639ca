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

/* Median of the latest ones; 0: none. */
double spar_samples_median(const spar_samples_t *samples);

#endif
