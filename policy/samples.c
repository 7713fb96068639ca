#include "policy/samples.h"

#include "base/quantile.h"

#include <stddef.h>
#include <string.h>

void spar_samples_add(spar_samples_t *samples, double seconds)
{
    samples->seconds[samples->count % SPAR_SAMPLES] = seconds;
    samples->count++;
}

double spar_samples_median(const spar_samples_t *samples)
{
    double sorted[SPAR_SAMPLES];
    size_t count =
        samples->count < SPAR_SAMPLES ? (size_t)samples->count : SPAR_SAMPLES;

    if (count == 0) {
        return 0;
    }
    memcpy(sorted, samples->seconds, count * sizeof(sorted[0]));
    return spar_quantile(sorted, count, 0.5);
}
