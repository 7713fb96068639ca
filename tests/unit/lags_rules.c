/* Spar: what policy/lags.h has beside hiding. */
#include "lags_cases.h"

#include <string.h>

/* Blocking calls: the wait is the sum of all that is done. */
static void make_blocking(uint64_t *seed, spar_lags_layer_t *layers,
                          size_t count)
{
    lags_random_step(seed, layers, count);
    for (size_t i = 0; i < count; i++) {
        layers[i].deadline = layers[i].release;
        layers[i].work = 0;
    }
}

static void set_uniform(const spar_lags_layer_t *layers, size_t count,
                        double density, double *densities)
{
    for (size_t i = 0; i < count; i++) {
        densities[i] = fmin(fmax(density, layers[i].low), layers[i].high);
    }
}

static void spending_keeps_the_error_and_saves_time(void **state)
{
    spar_lags_layer_t layers[50];
    double densities[50], uniform[50];
    uint64_t seed = 1;

    (void)state;
    for (int trial = 0; trial < 500; trial++) {
        double reference = lags_random_scale(&seed, 0.002, 0.5);

        make_blocking(&seed, layers, 50);
        set_uniform(layers, 50, reference, uniform);
        spar_lags_spend(layers, 50, reference, densities);
        lags_assert_feasible(layers, 50, INFINITY, densities);
        lags_assert_near(spar_lags_error(layers, 50, densities) /
                             spar_lags_error(layers, 50, uniform),
                         1, 1e-9);
        assert_true(spar_lags_wait(layers, 50, densities, NULL) <
                    spar_lags_wait(layers, 50, uniform, NULL));
    }
}

/* Lagrange's condition: between the bounds, a second buys the same relief
 * everywhere; at the upper bound more, at the lower one less. */
static void no_other_way_to_spend_is_better(void **state)
{
    spar_lags_layer_t layers[50];
    double densities[50];
    uint64_t seed = 2;

    (void)state;
    for (int trial = 0; trial < 200; trial++) {
        double least_above = INFINITY, most_below = 0;

        make_blocking(&seed, layers, 50);
        for (size_t i = 0; i < 50; i++) {
            layers[i].energy = lags_random_scale(&seed, 1e-3, 1e3);
        }
        spar_lags_spend(layers, 50, 0.05, densities);
        for (size_t i = 0; i < 50; i++) {
            double relief = layers[i].energy /
                            (layers[i].slope * densities[i] * densities[i]);

            if (densities[i] > layers[i].low) {
                least_above = fmin(least_above, relief);
            }
            if (densities[i] < layers[i].high) {
                most_below = fmax(most_below, relief);
            }
        }
        assert_true(most_below <= least_above * (1 + 1e-9));
    }
}

static void spending_without_a_gain_stays_uniform(void **state)
{
    spar_lags_layer_t layers[20];
    double densities[20], uniform[20];
    uint64_t seed = 3;

    (void)state;
    make_blocking(&seed, layers, 20);
    for (size_t i = 0; i < 20; i++) {
        layers[i].deadline = INFINITY;
    }
    set_uniform(layers, 20, 0.05, uniform);
    spar_lags_spend(layers, 20, 0.05, densities);
    assert_memory_equal(densities, uniform, sizeof(uniform));
}

static void spending_knows_layers_that_cost_nothing(void **state)
{
    spar_lags_layer_t layers[2] = {
        {.slope = 1, .energy = 1, .low = 0.001, .high = 0.5},
        {.slope = 0, .energy = 3, .low = 0.001, .high = 0.5}};
    double densities[2];

    (void)state;
    spar_lags_spend(layers, 2, 0.1, densities);
    /* 4 / 0.1 = 1 / density + 3 / 0.5 */
    assert_true(densities[1] == 0.5);
    lags_assert_near(densities[0], 1.0 / 34, 1e-12);
}

static void seconds_afford_density(void **state)
{
    spar_lags_layer_t layers[3] = {{.slope = 1, .low = 0.001, .high = 0.5},
                                   {.slope = 3, .low = 0.001, .high = 0.125},
                                   {.slope = 0, .low = 0.001, .high = 1}};

    (void)state;
    assert_true(spar_lags_afford(layers, 3, 0.0625, 0) == 0.0625);
    lags_assert_near(spar_lags_afford(layers, 3, 0.0625, 0.1), 0.0875, 1e-6);
    /* The second one has all that it may have. */
    lags_assert_near(spar_lags_afford(layers, 3, 0.0625, 0.5), 0.375, 1e-6);
    assert_true(spar_lags_afford(layers, 3, 0.0625, 9) == 0.5);
    assert_true(spar_lags_afford(layers + 2, 1, 0.0625, 9) == 0.0625);
}

static void the_paper_s_rule_looks_one_layer_ahead(void **state)
{
    spar_lags_layer_t layers[] = {
        {.release = 0, .deadline = 0.5, .low = 0.001, .high = 0.25},
        {.release = 0.1, .deadline = 0.5, .low = 0.001, .high = 0.25},
        {.release = 0.101, .deadline = 0.5, .low = 0.001, .high = 0.25},
        {.release = 0.3, .deadline = 0.5, .low = 0.001, .high = 0.25}};
    const uint64_t elements[] = {4000000, 4000000, 1000, 4000000};
    double densities[4];

    (void)state;
    spar_lags_paper(layers, 4, elements, 4, 1e-3, 36e-9, densities);
    lags_assert_near(densities[0], (0.1 - 2e-3) / (6 * 36e-9 * 4e6), 1e-12);
    assert_true(densities[1] == 0.001); /* the gap is less than the latency */
    assert_true(densities[2] == 0.25);
    lags_assert_near(densities[3], (0.2 - 2e-3) / (6 * 36e-9 * 4e6), 1e-12);
    layers[3].deadline = INFINITY;
    spar_lags_paper(layers, 4, elements, 4, 1e-3, 36e-9, densities);
    assert_true(densities[3] == 0.25);
}

static void small_changes_are_not_worth_it(void **state)
{
    /* The wait is 10 times the density. */
    spar_lags_layer_t layer = {
        .slope = 10, .energy = 1, .low = 0.001, .high = 0.9};
    const double old = 0.1;
    double fresh = 0.1;

    (void)state;
    assert_false(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 1));
    fresh = 0.0972; /* 28 ms less, where 10 + 20 would do */
    assert_false(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 1));
    fresh = 0.0968;
    assert_true(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 1));
    assert_false(spar_lags_is_better(&old, &fresh, &layer, 1, 0.02, 1));
    assert_false(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 2));
    fresh = 0.110; /* an error of 0.909 */
    assert_false(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 1));
    fresh = 0.112;
    assert_true(spar_lags_is_better(&old, &fresh, &layer, 1, 0.01, 1));
}

static void growth_has_a_limit_and_decline_none(void **state)
{
    const double old[] = {0.01, 0.01, 0.01};
    double densities[] = {0.25, 0.015, 0.001};

    (void)state;
    spar_lags_limit_growth(old, 3, 2, densities);
    assert_true(densities[0] == 0.02 && densities[1] == 0.015 &&
                densities[2] == 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spending_keeps_the_error_and_saves_time),
        cmocka_unit_test(no_other_way_to_spend_is_better),
        cmocka_unit_test(spending_without_a_gain_stays_uniform),
        cmocka_unit_test(spending_knows_layers_that_cost_nothing),
        cmocka_unit_test(seconds_afford_density),
        cmocka_unit_test(the_paper_s_rule_looks_one_layer_ahead),
        cmocka_unit_test(small_changes_are_not_worth_it),
        cmocka_unit_test(growth_has_a_limit_and_decline_none)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
