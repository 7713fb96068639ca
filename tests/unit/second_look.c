#include "unit.h"

#include "policy/second_look.h"

static void looks_come_with_reviews_or_rarely(void **state)
{
    (void)state;
    assert_false(spar_second_look_is_due(0, false));
    assert_false(spar_second_look_is_due(0, true));
    assert_true(spar_second_look_is_due(256, false));
    assert_false(spar_second_look_is_due(256, true));
    assert_true(spar_second_look_is_due(512, true));
    for (uint64_t steps = 1; steps < 2000; steps++) {
        if (spar_second_look_is_due(steps, false) ||
            spar_second_look_is_due(steps, true)) {
            assert_int_equal(steps % 16, 0);
        }
    }
}

static void only_wanted_layers_are_looked_at(void **state)
{
    spar_second_look_t look = {0};

    (void)state;
    assert_false(spar_second_look_takes(&look, 1000));
    look.wanted = true;
    assert_true(spar_second_look_takes(&look, 1000));
}

static void what_proved_slower_rests_twice_as_long_each_time(void **state)
{
    spar_second_look_t look = {0};
    uint64_t step = 100, rest = 2560;

    (void)state;
    for (int i = 0; i < 10; i++) {
        spar_second_look_rest(&look, step);
        assert_false(spar_second_look_takes(&look, step));
        assert_false(spar_second_look_takes(&look, step + rest - 1));
        assert_true(spar_second_look_takes(&look, step + rest));
        step += rest;
        rest *= 2;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_come_with_reviews_or_rarely),
        cmocka_unit_test(only_wanted_layers_are_looked_at),
        cmocka_unit_test(what_proved_slower_rests_twice_as_long_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
