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

static void more_tolerance_never_leaves_more_error(void **state)
{
    spar_lags_layer_t layers[30];
    double densities[30];
    uint64_t seed = 6;

    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        double before = INFINITY;

        lags_random_step(&seed, layers, 30);
        for (double tolerance = 0; tolerance < 3; tolerance += 0.25) {
            double error;

            assert_int_equal(spar_lags_hide(layers, 30, tolerance, densities),
                             SPAR_OK);
            error = spar_lags_error(layers, 30, densities);
            assert_true(error <= before * (1 + ROUNDING));
            before = error;
        }
    }
}

static void the_same_step_gets_the_same_bits(void **state)
{
    spar_lags_layer_t layers[100];
    double once[100], again[100];
    uint64_t seed = 7;

    (void)state;
    for (int trial = 0; trial < 100; trial++) {
        lags_random_step(&seed, layers, 100);
        memset(once, 0, sizeof(once));
        memset(again, 0xff, sizeof(again));
        assert_int_equal(spar_lags_hide(layers, 100, 0.1, once), SPAR_OK);
        assert_int_equal(spar_lags_hide(layers, 100, 0.1, again), SPAR_OK);
        assert_memory_equal(once, again, sizeof(once));
    }
}

/* The ranks' clocks and the cost model are off: what is solved for wrong
 * seconds waits in truth at most by the error of all seconds longer. */
static void noise_lengthens_waits_by_no_more_than_itself(void **state)
{
    spar_lags_layer_t truth[60], noisy[60];
    double densities[60];
    uint64_t seed = 8;

    (void)state;
    for (int trial = 0; trial < 300; trial++) {
        double noise = 0;

        lags_random_step(&seed, truth, 60);
        memcpy(noisy, truth, sizeof(noisy));
        for (size_t i = 0; i < 60; i++) {
            double factor = 0.9 + 0.2 * lags_random(&seed);

            noisy[i].fixed *= factor;
            noisy[i].slope *= factor;
            noisy[i].energy *= factor;
        }
        assert_int_equal(spar_lags_hide(noisy, 60, 0, densities), SPAR_OK);
        for (size_t i = 0; i < 60; i++) {
            noise += fabs(truth[i].fixed - noisy[i].fixed) +
                     fabs(truth[i].slope - noisy[i].slope) * densities[i];
        }
        lags_assert_feasible(truth, 60, 2 * noise, densities);
    }
}

/* Layers of equal energy and slope in the same place have equal densities,
 * whichever comes first. */
static void equal_layers_get_equal_densities(void **state)
{
    spar_lags_layer_t layers[60];
    double densities[60];
    uint64_t seed = 9;

    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        lags_random_step(&seed, layers, 60);
        for (size_t i = 0; i < 60; i += 3) {
            layers[i].work = 0;
            layers[i].deadline = 10 + layers[i].release;
            layers[i + 1] = layers[i + 2] = layers[i];
        }
        assert_int_equal(spar_lags_hide(layers, 60, 0.1, densities), SPAR_OK);
        for (size_t i = 0; i < 60; i += 3) {
            lags_assert_near(densities[i + 1], densities[i], 1e-6);
            lags_assert_near(densities[i + 2], densities[i], 1e-6);
        }
    }
}

/* When the first one's way is full at 0.05, there is hardly room for the two
 * others: but what there is, is theirs in equal parts. */
static void little_room_is_shared_too(void **state)
{
    spar_lags_layer_t layers[3] = {
        {.release = 0, .deadline = 0.05, .slope = 1, .low = 0.01, .high = 1},
        {.release = 1, .deadline = 1.1005, .slope = 1, .low = 0.01, .high = 1},
        {.release = 1, .deadline = 1.1005, .slope = 1, .low = 0.01, .high = 1}};
    double densities[3];

    (void)state;
    assert_int_equal(spar_lags_hide(layers, 3, 0, densities), SPAR_OK);
    lags_assert_near(densities[0], 0.05, 1e-11);
    lags_assert_near(densities[1], 0.05025, 1e-11);
    lags_assert_near(densities[2], 0.05025, 1e-11);
}

static void layers_that_cost_nothing_are_dense(void **state)
{
    spar_lags_layer_t layers[4];
    double densities[4];
    uint64_t seed = 10;

    (void)state;
    lags_random_step(&seed, layers, 4);
    layers[2].slope = 0;
    assert_int_equal(spar_lags_hide(layers, 4, 0, densities), SPAR_OK);
    assert_true(densities[2] == layers[2].high);
}

/* Twice the elements: twice the energy and twice the time, so the same
 * density; known energies only set the unit. */
static void unknown_energies_follow_the_slopes(void **state)
{
    spar_lags_layer_t layers[3] = {
        {.deadline = 1, .slope = 10, .low = 0.001, .high = 1},
        {.deadline = 1, .slope = 20, .low = 0.001, .high = 1},
        {.deadline = 1, .slope = 70, .low = 0.001, .high = 1}};
    double densities[3];

    (void)state;
    for (int known = 0; known < 2; known++) {
        assert_int_equal(spar_lags_hide(layers, 3, 0, densities), SPAR_OK);
        for (size_t i = 0; i < 3; i++) {
            lags_assert_near(densities[i], 0.01, 1e-12);
        }
        layers[1].energy = 40;
    }
    lags_assert_near(spar_lags_error(layers, 3, densities), 200 / 0.01, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_grid_of_densities_is_better),
        cmocka_unit_test(no_exchange_between_two_layers_helps),
        cmocka_unit_test(more_tolerance_never_leaves_more_error),
        cmocka_unit_test(the_same_step_gets_the_same_bits),
        cmocka_unit_test(noise_lengthens_waits_by_no_more_than_itself),
        cmocka_unit_test(equal_layers_get_equal_densities),
        cmocka_unit_test(little_room_is_shared_too),
        cmocka_unit_test(layers_that_cost_nothing_are_dense),
        cmocka_unit_test(unknown_energies_follow_the_slopes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
