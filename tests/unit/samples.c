/* The latest few of a series: median, least, and whether two of them oppose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/samples.h"

static void fill(spar_samples_t *samples, const double *values, int count)
{
    *samples = (spar_samples_t){0};
    for (int i = 0; i < count; i++) {
        spar_samples_add(samples, values[i]);
    }
}

static void only_the_latest_count(void **state)
{
    spar_samples_t samples = {0};

    (void)state;
    assert_true(spar_samples_median(&samples) == 0);
    assert_true(spar_samples_least(&samples) == 0);
    for (int i = 1; i <= 20; i++) {
        spar_samples_add(&samples, i);
    }
    /* 13 to 20 */
    assert_true(spar_samples_least(&samples) == 13);
    assert_true(spar_samples_median(&samples) >= 16 &&
                spar_samples_median(&samples) <= 17);
}

static void opposed_series_are_told_from_others(void **state)
{
    static const double rising[] = {1, 2, 4, 7, 11, 16, 22, 29};
    static const double falling[] = {9, 8, 7, 6, 5, 4, 3, 2};
    /* As many pairs of this order rise as fall. */
    static const double mixed[] = {3, 6, 1, 8, 2, 7, 5, 4};
    spar_samples_t a, b;
    int opposed = 0;

    (void)state;
    fill(&a, rising, 8);
    fill(&b, falling, 8);
    assert_int_equal(spar_samples_compare(&a, &b, &opposed), 28);
    assert_int_equal(opposed, 28);
    assert_int_equal(spar_samples_compare(&a, &a, &opposed), 28);
    assert_int_equal(opposed, 0);
    fill(&b, mixed, 8);
    assert_int_equal(spar_samples_compare(&a, &b, &opposed), 28);
    assert_in_range((uintmax_t)(opposed + 28), 24, 32);
}

static void series_of_different_length_have_no_pairs(void **state)
{
    static const double values[] = {1, 2, 3};
    spar_samples_t a, b;
    int opposed = 5;

    (void)state;
    fill(&a, values, 3);
    fill(&b, values, 2);
    assert_int_equal(spar_samples_compare(&a, &b, &opposed), 0);
    assert_int_equal(opposed, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_latest_count),
        cmocka_unit_test(opposed_series_are_told_from_others),
        cmocka_unit_test(series_of_different_length_have_no_pairs)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
