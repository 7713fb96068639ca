#include "policy/samples.h"

#include "base/quantile.h"

#include <stddef.h>
#include <string.h>

void spar_samples_add(spar_samples_t *samples, double seconds)
{
    samples->seconds[samples->count % SPAR_SAMPLES] = seconds;
    samples->count++;
}

static size_t held(const spar_samples_t *samples)
{
    return samples->count < SPAR_SAMPLES ? (size_t)samples->count
                                         : SPAR_SAMPLES;
}

static int sign(double value)
{
    return (value > 0) - (value < 0);
}

int spar_samples_compare(const spar_samples_t *a, const spar_samples_t *b,
                         int *opposed)
{
    size_t count = held(a);
    int pairs = 0;

    if (a->count != b->count) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            *opposed -= sign(a->seconds[i] - a->seconds[j]) *
                        sign(b->seconds[i] - b->seconds[j]);
            pairs++;
        }
    }
    return pairs;
}

double spar_samples_median(const spar_samples_t *samples)
{
    double sorted[SPAR_SAMPLES];
    size_t count = held(samples);

    if (count == 0) {
        return 0;
    }
    memcpy(sorted, samples->seconds, count * sizeof(sorted[0]));
    return spar_quantile(sorted, count, 0.5);
}

double spar_samples_least(const spar_samples_t *samples)
{
    double least = samples->count > 0 ? samples->seconds[0] : 0;

    for (size_t i = 1; i < held(samples); i++) {
        least = samples->seconds[i] < least ? samples->seconds[i] : least;
    }
    return least;
}
