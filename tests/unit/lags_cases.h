/* Spar: steps for the tests of policy/lags.h. */
#ifndef SPAR_TESTS_LAGS_CASES_H
#define SPAR_TESTS_LAGS_CASES_H

#include "unit.h"

#include "policy/lags.h"

#include <math.h>

/* Seconds that only rounding explains. */
#define ROUNDING 1e-9

/* cmocka's assert_float_equal rounds to float. */
static inline void lags_assert_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within)) {
        fail_msg("%.17g instead of %.17g", value, wanted);
    }
}

/* Random numbers that are the same everywhere (a linear congruence). */
static inline double lags_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) * 0x1p-53;
}

/* Between the two, evenly on a logarithmic scale. */
static inline double lags_random_scale(uint64_t *seed, double least,
                                       double most)
{
    return least * exp(log(most / least) * lags_random(seed));
}

static inline double random_deadline(uint64_t *seed, double release, int kind)
{
    switch (kind % 5) {
    case 0: /* blocking */
        return release;
    case 1: /* soon */
        return release + lags_random(seed);
    case 2: /* whenever */
        return release + 10 * lags_random(seed);
    case 3: /* together, or never */
        return lags_random(seed) < 0.8 ? 10 : INFINITY;
    default: /* anything */
        return random_deadline(seed, release, (int)(4 * lags_random(seed)));
    }
}

/* A step of about 10 s: gaps of which some are 0, deadlines of all kinds,
 * layers of very different size, some without a known energy. */
static inline void lags_random_step(uint64_t *seed, spar_lags_layer_t *layers,
                                    size_t count)
{
    double time = 0;
    int kind = (int)(5 * lags_random(seed));
    double work = lags_random(seed) < 0.5
                      ? 0
                      : lags_random_scale(seed, 0.3, 30) / (double)count;

    for (size_t i = 0; i < count; i++) {
        double gap = 10 * lags_random(seed) / (double)count;

        time += lags_random(seed) < 0.3 ? 0 : gap;
        layers[i] = (spar_lags_layer_t){
            .release = time,
            .deadline = random_deadline(seed, time, kind),
            .work = work * lags_random(seed),
            .fixed = 0.2 * lags_random(seed) / (double)count,
            .slope = lags_random_scale(seed, 0.3, 300) / (double)count,
            .energy = lags_random(seed) < 0.3
                          ? 0
                          : lags_random_scale(seed, 1e-3, 1e3),
            .low = 0.001 + 0.009 * lags_random(seed),
            .high = 0.1 + 0.9 * lags_random(seed)};
        if (layers[i].deadline < time) {
            layers[i].deadline = time;
        }
    }
}

static inline double lags_wait_at_low(const spar_lags_layer_t *layers,
                                      size_t count)
{
    double low[SPAR_LAGS_MOST] = {0};

    for (size_t i = 0; i < count; i++) {
        low[i] = layers[i].low;
    }
    return spar_lags_wait(layers, count, low, NULL);
}

/* Within the bounds, and no longer a wait than allowed. */
static inline void lags_assert_feasible(const spar_lags_layer_t *layers,
                                        size_t count, double tolerance,
                                        const double *densities)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(densities[i] >= layers[i].low);
        assert_true(densities[i] <= layers[i].high);
    }
    assert_true(spar_lags_wait(layers, count, densities, NULL) <=
                lags_wait_at_low(layers, count) + tolerance + ROUNDING);
}

#endif
