#include "policy/lags.h"
#include "policy/lags_energy.h"
#include "policy/lags_level.h"

#include <math.h>
#include <string.h>

/* Of an interval of densities, until it is as narrow as a float tells. */
#define HALVINGS 24

static double clamp(const spar_lags_layer_t *layer, double density)
{
    return fmin(fmax(density, layer->low), layer->high);
}

/*
 * Lagrange: slope = level^2 * energy / density^2, so that errors are level *
 * sqrt(energy * slope), between those of the bounds. The level follows from the
 * error that may be left.
 */
static void share_error(const spar_lags_layer_t *layers, size_t count,
                        double error, double *densities)
{
    spar_lags_part_t parts[SPAR_LAGS_MOST];
    double unit = spar_lags_energy_unit(layers, count);
    double level;
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        double energy = spar_lags_energy_of(&layers[i], unit);

        if (layers[i].slope > 0) {
            parts[used++] =
                (spar_lags_part_t){.weight = sqrt(energy * layers[i].slope),
                                   .least = energy / layers[i].high,
                                   .most = energy / layers[i].low};
        } else {
            error -= energy / layers[i].high;
        }
    }
    level = spar_lags_level(parts, used, error);
    for (size_t i = 0; i < count; i++) {
        double energy = spar_lags_energy_of(&layers[i], unit);

        densities[i] =
            layers[i].slope > 0
                ? clamp(&layers[i], sqrt(energy / layers[i].slope) / level)
                : layers[i].high;
    }
}

void spar_lags_spend(const spar_lags_layer_t *layers, size_t count,
                     double reference, double *densities)
{
    double shared[SPAR_LAGS_MOST];

    for (size_t i = 0; i < count; i++) {
        densities[i] = clamp(&layers[i], reference);
    }
    share_error(layers, count, spar_lags_error(layers, count, densities),
                shared);
    if (spar_lags_wait(layers, count, shared, NULL) <
        spar_lags_wait(layers, count, densities, NULL)) {
        memcpy(densities, shared, count * sizeof(*densities));
    }
}

/* Seconds of the network at a uniform density. */
static double busy(const spar_lags_layer_t *layers, size_t count,
                   double density)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += layers[i].slope * clamp(&layers[i], density);
    }
    return sum;
}

double spar_lags_afford(const spar_lags_layer_t *layers, size_t count,
                        double base, double seconds)
{
    double limit = busy(layers, count, base) + seconds;
    double low = base, high = base;

    for (size_t i = 0; i < count; i++) {
        high = layers[i].slope > 0 ? fmax(high, layers[i].high) : high;
    }
    if (busy(layers, count, high) <= limit) {
        return high;
    }
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;

        if (busy(layers, count, middle) <= limit) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
