#include "lags_cases.h"

#include <string.h>

#define GRID 6
#define MOST 4

/* Least error of all densities of a grid whose wait is allowed. */
typedef struct brute {
    const spar_lags_layer_t *layers;
    size_t count;
    double allowed;
    double densities[MOST + 1];
    double best;
} brute_t;

static void try_all(brute_t *brute, size_t from)
{
    const spar_lags_layer_t *layer = &brute->layers[from];

    if (from == brute->count) {
        if (spar_lags_wait(brute->layers, brute->count, brute->densities,
                           NULL) <= brute->allowed) {
            brute->best =
                fmin(brute->best, spar_lags_error(brute->layers, brute->count,
                                                  brute->densities));
        }
        return;
    }
    for (int i = 0; i < GRID; i++) {
        brute->densities[from] =
            layer->low * pow(layer->high / layer->low, i / (GRID - 1.0));
        try_all(brute, from + 1);
    }
}

static double best_of_grid(const spar_lags_layer_t *layers, size_t count,
                           double tolerance)
{
    brute_t brute = {.layers = layers,
                     .count = count,
                     .allowed =
                         lags_wait_at_low(layers, count) + tolerance + ROUNDING,
                     .best = INFINITY};

    try_all(&brute, 0);
    return brute.best;
}

/* Layers that may take any density of a continuum do at least as well as the
 * grid. */
static void no_grid_of_densities_is_better(void **state)
{
    spar_lags_layer_t layers[4];
    double densities[4];
    uint64_t seed = 2;

    (void)state;
    for (int trial = 0; trial < 1500; trial++) {
        size_t count = 1 + (size_t)(4 * lags_random(&seed));
        double tolerance =
            lags_random(&seed) < 0.5 ? 0 : 3 * lags_random(&seed);
        double error, best;

        lags_random_step(&seed, layers, count);
        assert_int_equal(spar_lags_hide(layers, count, tolerance, densities),
                         SPAR_OK);
        lags_assert_feasible(layers, count, tolerance, densities);
        error = spar_lags_error(layers, count, densities);
        best = best_of_grid(layers, count, tolerance);
        assert_true(error <= best * (1 + ROUNDING));
    }
}

static double bounded(const spar_lags_layer_t *layer, double density)
{
    return fmin(fmax(density, layer->low), layer->high);
}

/* The most that one density can be, all others as they are. */
static double most_alone(const spar_lags_layer_t *layers, size_t count,
                         double *densities, size_t which, double allowed)
{
    double before = densities[which];
    double least = layers[which].low, most = layers[which].high;

    for (int i = 0; i < 50; i++) {
        densities[which] = i == 0 ? most : (least + most) / 2;
        *(spar_lags_wait(layers, count, densities, NULL) <= allowed ? &least
                                                                    : &most) =
            densities[which];
    }
    densities[which] = before;
    return least;
}

/* One layer gives some of its density, another takes all that this frees. */
static void assert_no_exchange_helps(const spar_lags_layer_t *layers,
                                     size_t count, double tolerance,
                                     double *densities, uint64_t *seed)
{
    double allowed = lags_wait_at_low(layers, count) + tolerance;
    double error = spar_lags_error(layers, count, densities);
    size_t from = (size_t)((double)count * lags_random(seed));
    size_t to = (size_t)((double)count * lags_random(seed));
    double was_from = densities[from], was_to = densities[to];

    densities[from] = bounded(&layers[from], 0.98 * was_from);
    densities[to] = most_alone(layers, count, densities, to, allowed);
    assert_true(spar_lags_error(layers, count, densities) >=
                error * (1 - 1e-6));
    densities[from] = was_from;
    densities[to] = was_to;
}

static void no_exchange_between_two_layers_helps(void **state)
{
    spar_lags_layer_t layers[40];
    double densities[40];
    uint64_t seed = 3;

    (void)state;
    for (int trial = 0; trial < 400; trial++) {
        double tolerance = trial % 2 ? 0.3 : 0;

        lags_random_step(&seed, layers, 40);
        assert_int_equal(spar_lags_hide(layers, 40, tolerance, densities),
                         SPAR_OK);
        lags_assert_feasible(layers, 40, tolerance, densities);
        for (int i = 0; i < 20; i++) {
            assert_no_exchange_helps(layers, 40, tolerance, densities, &seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_grid_of_densities_is_better),
        cmocka_unit_test(no_exchange_between_two_layers_helps)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
