/* How like two vectors are. */
#include "unit.h"

#include "sparsify/likeness.h"

#include <math.h>

static void a_right_angle_and_a_half(void **state)
{
    static const float vector[] = {3, 4, 0};
    static const float other[] = {0, 4, 0};
    static const float across[] = {0, 0, 5};
    spar_likeness_t likeness;

    (void)state;
    assert_true(
        spar_likeness_find(SPAR_DTYPE_F32, vector, other, 3, &likeness));
    assert_true(fabs(likeness.difference - 0.6) < 1e-12);
    assert_true(fabs(likeness.cosine - 0.8) < 1e-12);
    assert_true(
        spar_likeness_find(SPAR_DTYPE_F32, vector, across, 3, &likeness));
    assert_true(fabs(likeness.difference - sqrt(2)) < 1e-12);
    assert_true(likeness.cosine == 0);
}

static void equal_vectors_are_alike(void **state)
{
    static const double vector[] = {1e-200, -2, 3};
    spar_likeness_t likeness;

    (void)state;
    assert_true(
        spar_likeness_find(SPAR_DTYPE_F64, vector, vector, 3, &likeness));
    assert_true(likeness.difference == 0);
    assert_true(fabs(likeness.cosine - 1) < 1e-12);
}

static void an_empty_other_is_all_different(void **state)
{
    static const double vector[] = {1, 2}, zero[] = {0, 0};
    spar_likeness_t likeness;

    (void)state;
    assert_true(spar_likeness_find(SPAR_DTYPE_F64, vector, zero, 2, &likeness));
    assert_true(likeness.difference == 1 && likeness.cosine == 0);
}

static void nothing_is_told_of_zero_and_nan(void **state)
{
    static const float zero[] = {0, 0}, some[] = {1, 2};
    const float bad[] = {NAN, 1}, large[] = {INFINITY, 1};
    spar_likeness_t likeness = {.difference = 7};

    (void)state;
    assert_false(spar_likeness_find(SPAR_DTYPE_F32, zero, some, 2, &likeness));
    assert_false(spar_likeness_find(SPAR_DTYPE_F32, bad, some, 2, &likeness));
    assert_false(spar_likeness_find(SPAR_DTYPE_F32, some, bad, 2, &likeness));
    assert_false(spar_likeness_find(SPAR_DTYPE_F32, large, some, 2, &likeness));
    assert_true(likeness.difference == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_angle_and_a_half),
        cmocka_unit_test(equal_vectors_are_alike),
        cmocka_unit_test(an_empty_other_is_all_different),
        cmocka_unit_test(nothing_is_told_of_zero_and_nan)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
