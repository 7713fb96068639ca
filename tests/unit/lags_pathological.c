/* Spar: steps at the edges of what policy/lags.h allows. */
#include "lags_cases.h"

#include <string.h>

static spar_lags_layer_t layers[SPAR_LAGS_MOST + 1];
static double densities[SPAR_LAGS_MOST + 1];

/* Layers posted every 10 ms and needed at the end, each 0.1 s when dense. */
static void make_step(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        layers[i] = (spar_lags_layer_t){.release = 0.01 * (double)i,
                                        .deadline = 0.01 * (double)count,
                                        .slope = 0.1,
                                        .energy = 1,
                                        .low = 0.001,
                                        .high = 0.25};
    }
}

static void solve(size_t count, double tolerance)
{
    assert_int_equal(spar_lags_hide(layers, count, tolerance, densities),
                     SPAR_OK);
    lags_assert_feasible(layers, count, tolerance, densities);
}

static void assert_all(size_t count, double density)
{
    for (size_t i = 0; i < count; i++) {
        lags_assert_near(densities[i], density, 1e-9);
    }
}

static void no_layers(void **state)
{
    (void)state;
    densities[0] = 7;
    solve(0, 0);
    assert_true(densities[0] == 7);
}

static void never_waited_for(void **state)
{
    (void)state;
    make_step(100);
    for (size_t i = 0; i < 100; i++) {
        layers[i].deadline = INFINITY;
    }
    solve(100, 0);
    assert_all(100, 0.25);
}

static void all_zero(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        layers[i] = (spar_lags_layer_t){.low = 0.001, .high = 0.25};
    }
    solve(10, 0);
    assert_all(10, 0.25);
}

/* Every raise would be waited for. */
static void blocking_calls(void **state)
{
    (void)state;
    make_step(100);
    for (size_t i = 0; i < 100; i++) {
        layers[i].deadline = layers[i].release;
    }
    solve(100, 0);
    assert_all(100, 0.001);
    /* 0.1 s among 100 layers of 0.1 s */
    solve(100, 0.1);
    assert_all(100, 0.011);
}

static void posted_all_at_once(void **state)
{
    (void)state;
    make_step(100);
    for (size_t i = 0; i < 100; i++) {
        layers[i].release = 0;
    }
    solve(100, 0);
    assert_all(100, 0.1); /* 1 s, 100 layers of 0.1 s */
}

static void no_range(void **state)
{
    (void)state;
    make_step(10);
    layers[3].high = layers[3].low;
    solve(10, 0);
    assert_true(densities[3] == layers[3].low);
    make_step(10);
    for (size_t i = 0; i < 10; i++) {
        layers[i].low = layers[i].high;
    }
    solve(10, 0);
    assert_all(10, 0.25);
}

/* It shares its way with those after it; those before it do no more than not
 * to keep it waiting: 0.01 s each. */
static void one_huge_layer(void **state)
{
    (void)state;
    make_step(50);
    layers[20].slope = 100;
    layers[20].energy = 1000;
    solve(50, 0);
    assert_all(20, 0.1);
    for (size_t i = 20; i < 50; i++) {
        lags_assert_near(densities[i], 0.3 / (100 + 29 * 0.1), 1e-9);
    }
}

static void many_tiny_layers(void **state)
{
    (void)state;
    make_step(1000);
    for (size_t i = 0; i < 1000; i++) {
        layers[i].slope = 1e-9;
        layers[i].fixed = 1e-6;
        layers[i].deadline = 9.99;
    }
    solve(1000, 0);
    /* The last one is posted and needed at once. */
    assert_true(densities[999] == 0.001);
    assert_all(999, 0.25);
}

static void as_many_layers_as_there_may_be(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (int trial = 0; trial < 20; trial++) {
        lags_random_step(&seed, layers, SPAR_LAGS_MOST);
        solve(SPAR_LAGS_MOST, 0.01);
    }
}

/* Every layer has a deadline, and so a density, of its own: more rounds than
 * are played exactly. */
static void nothing_free_is_left(void **state)
{
    uint64_t seed = 5;
    double wait;

    (void)state;
    make_step(1000);
    for (size_t i = 0; i < 1000; i++) {
        layers[i].slope = lags_random_scale(&seed, 0.05, 5);
        layers[i].deadline = layers[i].release + 0.01;
    }
    solve(1000, 0);
    wait = lags_wait_at_low(layers, 1000);
    for (size_t i = 0; i < 1000; i++) {
        double before = densities[i];

        densities[i] = 1.0001 * before;
        assert_true(before == layers[i].high ||
                    spar_lags_wait(layers, 1000, densities, NULL) > wait);
        lags_assert_near(before, fmin(0.01 / layers[i].slope, 0.25), 1e-7);
        densities[i] = before;
    }
}

static void any_wait_is_allowed(void **state)
{
    (void)state;
    make_step(10);
    solve(10, INFINITY);
    assert_all(10, 0.25);
}

static void assert_invalid(void)
{
    double before[SPAR_LAGS_MOST + 1];

    memcpy(before, densities, sizeof(before));
    assert_int_equal(spar_lags_check(layers, 3), SPAR_ERR_INVALID);
    assert_int_equal(spar_lags_hide(layers, 3, 0, densities), SPAR_ERR_INVALID);
    assert_memory_equal(before, densities, sizeof(before));
    make_step(3);
    assert_int_equal(spar_lags_check(layers, 3), SPAR_OK);
}

static void what_is_no_step_is_refused(void **state)
{
    double *of[] = {&layers[1].release, &layers[1].deadline, &layers[1].work,
                    &layers[1].fixed,   &layers[1].slope,    &layers[1].energy,
                    &layers[1].low,     &layers[1].high};

    (void)state;
    make_step(3);
    for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
        *of[i] = NAN;
        assert_invalid();
        *of[i] = -1;
        assert_invalid();
    }
    layers[1].release = 0.5; /* after the next one's */
    layers[1].deadline = INFINITY;
    assert_invalid();
    layers[1].low = 0;
    assert_invalid();
    layers[1].high = 1.1;
    assert_invalid();
    layers[1].high = 0.0005; /* below low */
    assert_invalid();
    layers[1].slope = INFINITY;
    assert_invalid();
    assert_int_equal(spar_lags_hide(layers, 3, -1, densities),
                     SPAR_ERR_INVALID);
    assert_int_equal(spar_lags_hide(layers, 3, NAN, densities),
                     SPAR_ERR_INVALID);
    make_step(SPAR_LAGS_MOST + 1);
    assert_int_equal(spar_lags_check(layers, SPAR_LAGS_MOST), SPAR_OK);
    assert_int_equal(spar_lags_check(layers, SPAR_LAGS_MOST + 1),
                     SPAR_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_layers),
        cmocka_unit_test(never_waited_for),
        cmocka_unit_test(all_zero),
        cmocka_unit_test(blocking_calls),
        cmocka_unit_test(posted_all_at_once),
        cmocka_unit_test(no_range),
        cmocka_unit_test(one_huge_layer),
        cmocka_unit_test(many_tiny_layers),
        cmocka_unit_test(as_many_layers_as_there_may_be),
        cmocka_unit_test(nothing_free_is_left),
        cmocka_unit_test(any_wait_is_allowed),
        cmocka_unit_test(what_is_no_step_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
