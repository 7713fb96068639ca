#include "policy/lags.h"

#include <math.h>

void spar_lags_paper(const spar_lags_layer_t *layers, size_t count,
                     const uint64_t *elements, int ranks, double alpha,
                     double beta, double *densities)
{
    double latency = alpha * log2(ranks);

    for (size_t i = 0; i < count; i++) {
        double until =
            i + 1 < count ? layers[i + 1].release : layers[i].deadline;
        double seconds = until - layers[i].release - latency;
        double density =
            seconds / (2.0 * (ranks - 1) * beta * (double)elements[i]);

        densities[i] = fmin(fmax(density, layers[i].low), layers[i].high);
    }
}
