/* Dense and sparse windows of steps: which step is in which, and what they
 * took. */
#include "unit.h"

#include "policy/windows.h"

static const spar_windows_t windows = {.dense = 4, .sparse = 6};

static void windows_take_turns(void **state)
{
    static const char expected[] = "DDDDssssssDDDDssssssDD";

    (void)state;
    for (uint64_t step = 0; expected[step] != 0; step++) {
        assert_int_equal(spar_windows_is_dense(&windows, step),
                         expected[step] == 'D');
    }
    assert_int_equal(spar_windows_period(&windows), 10);
}

/* The first two steps of a window take a thousand seconds: they must not
 * count. Then dense ones take 8, 12, 16 seconds, sparse ones 4. */
static void make_seconds(double *seconds, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        bool dense = spar_windows_is_dense(&windows, i);
        size_t in_window = dense ? i % 10 : i % 10 - 4;

        seconds[i] = in_window < 2 ? 1000
                     : dense       ? 8 + 4 * (double)(i / 10)
                                   : 4;
    }
}

static void medians_and_gains_are_of_the_steps_that_count(void **state)
{
    double seconds[30];
    spar_windows_result_t result;

    (void)state;
    make_seconds(seconds, 30);
    assert_int_equal(spar_windows_compare(&windows, seconds, 30, &result),
                     SPAR_OK);
    assert_int_equal(result.count, 6);
    assert_true(result.medians[0] == 8 && result.medians[2] == 12 &&
                result.medians[4] == 16);
    assert_true(result.medians[1] == 4 && result.medians[5] == 4);
    assert_int_equal(result.dense_steps, 6);
    assert_int_equal(result.sparse_steps, 12);
    assert_true(result.dense == 12 && result.sparse == 4);
    assert_true(result.gain == 3);
    assert_true(result.gain_low == 2 && result.gain_high == 4);
    spar_windows_result_destroy(&result);
    assert_null(result.medians);
}

/* Of the first `steps` steps. */
static spar_windows_result_t compare(size_t steps)
{
    double seconds[30];
    spar_windows_result_t result;

    make_seconds(seconds, 30);
    assert_int_equal(spar_windows_compare(&windows, seconds, steps, &result),
                     SPAR_OK);
    return result;
}

static void windows_that_are_not_over_are_left_out(void **state)
{
    static const struct {
        size_t steps, count;
    } cases[] = {{0, 0}, {3, 0}, {4, 1}, {9, 1}, {10, 2}, {13, 2}, {14, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        spar_windows_result_t result = compare(cases[i].steps);

        assert_int_equal(result.count, cases[i].count);
        assert_int_equal(result.gain > 0, cases[i].count > 1);
        spar_windows_result_destroy(&result);
    }
}

static void gains_of_one_pair_are_its_own(void **state)
{
    spar_windows_result_t result = compare(10);

    (void)state;
    assert_true(result.gain == 2);
    assert_true(result.gain_low == 2 && result.gain_high == 2);
    spar_windows_result_destroy(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_take_turns),
        cmocka_unit_test(medians_and_gains_are_of_the_steps_that_count),
        cmocka_unit_test(windows_that_are_not_over_are_left_out),
        cmocka_unit_test(gains_of_one_pair_are_its_own)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
