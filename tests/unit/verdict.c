#include "unit.h"

#include "policy/density.h"
#include "policy/verdict.h"

static void the_ramp_holds_each_value_and_then_the_last(void **state)
{
    spar_config_t config = {
        .density_count = 3, .density = {0.25, 0.1, 0.01}, .ramp_steps = 10};

    (void)state;
    assert_true(spar_density_at(&config, 0) == 0.25);
    assert_true(spar_density_at(&config, 9) == 0.25);
    assert_true(spar_density_at(&config, 10) == 0.1);
    assert_true(spar_density_at(&config, 20) == 0.01);
    assert_true(spar_density_at(&config, UINT64_MAX) == 0.01);
    assert_int_equal(spar_density_ramp_end(&config), 20);
}

static void at_least_one_and_at_most_all_entries_leave(void **state)
{
    (void)state;
    assert_int_equal(spar_density_entries(0.001, 10), 1);
    assert_int_equal(spar_density_entries(1.0, 10), 10);
    assert_int_equal(spar_density_entries(0.05, 1000), 50);
    assert_int_equal(spar_density_entries(0.001, 25600000), 25600);
}

static void the_fit_takes_the_best_rate(void **state)
{
    /* 4 ranks: 1.5 bytes travel per byte of the layer */
    double seconds[] = {1.001, 4.001, 0.0005};
    uint64_t bytes[] = {1000000, 1000000, 10};

    (void)state;
    /* The third call took less than the latency and tells nothing. */
    assert_true(spar_verdict_fit(4, seconds, bytes, 3, 0.001) ==
                (1.001 - 0.001) / 1.5e6);
    assert_true(spar_verdict_fit(4, seconds, bytes, 0, 0.001) == 0);
}

static void sparse_pays_only_with_a_margin(void **state)
{
    (void)state;
    assert_true(spar_verdict_pays(0.59, 1.0, false));
    assert_false(spar_verdict_pays(0.65, 1.0, false));
    assert_false(spar_verdict_pays(1e-9, 0, false));
    /* Measurements will follow: nearly as fast is worth a try. */
    assert_true(spar_verdict_pays(1.15, 1.0, true));
    assert_false(spar_verdict_pays(1.25, 1.0, true));
    assert_true(spar_verdict_keeps(0.91, 1.0));
    assert_false(spar_verdict_keeps(0.93, 1.0));
    assert_false(spar_verdict_keeps(1e-9, 0));
    assert_true(spar_verdict_keeps(75e-6, 100e-6));
    assert_false(spar_verdict_keeps(85e-6, 100e-6)); /* hardly any time */
}

static void calls_that_are_under_way_together_share_the_wait(void **state)
{
    double seconds[] = {0, 3, 5, 0};
    const uint64_t bytes[] = {100, 200, 700, 500};
    const bool together[] = {true, true, false, true};
    const bool none[] = {false, false, false, false};

    (void)state;
    spar_verdict_share(seconds, bytes, together, 4);
    assert_true(seconds[0] == 3 * 100.0 / 800);
    assert_true(seconds[1] == 3 * 200.0 / 800);
    assert_true(seconds[2] == 5);
    assert_true(seconds[3] == 3 * 500.0 / 800);
    spar_verdict_share(seconds, bytes, none, 4);
    assert_true(seconds[2] == 5);
}

static void two_lost_reviews_in_a_row_end_it(void **state)
{
    unsigned losses = 0;

    (void)state;
    assert_false(spar_verdict_review(1.1, 1.0, &losses));
    assert_false(spar_verdict_review(0.7, 1.0, &losses));
    assert_false(spar_verdict_review(0.95, 1.0, &losses));
    assert_true(spar_verdict_review(1.1, 1.0, &losses));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ramp_holds_each_value_and_then_the_last),
        cmocka_unit_test(at_least_one_and_at_most_all_entries_leave),
        cmocka_unit_test(the_fit_takes_the_best_rate),
        cmocka_unit_test(sparse_pays_only_with_a_margin),
        cmocka_unit_test(calls_that_are_under_way_together_share_the_wait),
        cmocka_unit_test(two_lost_reviews_in_a_row_end_it)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
