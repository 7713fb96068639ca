/* How many entries leave, with densities that are given and with a rule. */
#include "unit.h"

#include "policy/density.h"

static spar_config_t given(void)
{
    return (spar_config_t){.density_rule = SPAR_CONFIG_DENSITY_GIVEN,
                           .density = {0.25, 0.5, 0.01},
                           .density_count = 3,
                           .ramp_steps = 4,
                           .density_min = 0.001,
                           .density_max = 0.2,
                           .density_base = 0.05};
}

static spar_config_t by_rule(double base)
{
    spar_config_t config = given();

    config.density_rule = SPAR_CONFIG_DENSITY_AUTO;
    config.density_base = base;
    return config;
}

static void given_densities_ramp(void **state)
{
    spar_config_t config = given();

    (void)state;
    assert_false(spar_density_has_rule(&config));
    for (uint64_t step = 0; step < 12; step++) {
        double expected = step < 4 ? 0.25 : step < 8 ? 0.5 : 0.01;

        assert_true(spar_density_at(&config, step) == expected);
    }
    assert_true(spar_density_last(&config) == 0.01);
    assert_true(spar_density_most(&config) == 0.5);
    assert_int_equal(spar_density_ramp_end(&config), 8);
}

/* Given values are nothing to a rule, not even for the first steps. */
static void a_rule_has_no_ramp(void **state)
{
    spar_config_t config = by_rule(0.05);

    (void)state;
    assert_true(spar_density_has_rule(&config));
    assert_int_equal(spar_density_ramp_end(&config), 0);
    assert_true(spar_density_at(&config, 0) == 0.05);
    assert_true(spar_density_at(&config, 5) == 0.05);
    assert_true(spar_density_last(&config) == 0.05);
    assert_true(spar_density_most(&config) == 0.2);
    config.density_rule = SPAR_CONFIG_DENSITY_PAPER;
    assert_true(spar_density_has_rule(&config));
    assert_true(spar_density_at(&config, 0) == 0.05);
}

static void bounds_come_before_the_base(void **state)
{
    spar_config_t low = by_rule(0.0001), high = by_rule(0.9);

    (void)state;
    assert_true(spar_density_at(&low, 0) == 0.001);
    assert_true(spar_density_at(&high, 0) == 0.2);
}

/* What is slower than dense at any density must not send next to nothing. */
static void a_layer_that_gains_nothing_keeps_the_base(void **state)
{
    spar_config_t config = by_rule(0.05), low = by_rule(0.0001);

    (void)state;
    assert_true(spar_density_limit(&config, 0.001) == 0.05);
    assert_true(spar_density_limit(&config, 0.1) == 0.1);
    assert_true(spar_density_limit(&config, 0.9) == 0.2);
    assert_true(spar_density_limit(&low, 0) == 0.001);
}

static void entries_are_rounded_and_never_none(void **state)
{
    (void)state;
    assert_int_equal(spar_density_entries(0.01, 1000), 10);
    assert_int_equal(spar_density_entries(0.0149, 100), 1);
    assert_int_equal(spar_density_entries(0.015, 100), 2);
    assert_int_equal(spar_density_entries(0.001, 5), 1);
    assert_int_equal(spar_density_entries(1, 12345), 12345);
    assert_int_equal(spar_density_entries(2, 12345), 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_densities_ramp),
        cmocka_unit_test(a_rule_has_no_ramp),
        cmocka_unit_test(bounds_come_before_the_base),
        cmocka_unit_test(a_layer_that_gains_nothing_keeps_the_base),
        cmocka_unit_test(entries_are_rounded_and_never_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
