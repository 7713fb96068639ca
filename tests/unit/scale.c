/* What is delivered in place of a sum, and made up for later. */
#include "unit.h"

#include "sparsify/scale.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COUNT 1003

static float values[COUNT], carry[COUNT], out[COUNT];
static double wide_values[COUNT], wide_carry[COUNT], wide_out[COUNT];

static void fill(void)
{
    for (int i = 0; i < COUNT; i++) {
        values[i] = (float)(i - 500) / 7;
        carry[i] = (float)(i % 13) / 3;
        wide_values[i] = (i - 500) / 7.0;
        wide_carry[i] = i % 13 / 3.0;
    }
}

static void results_are_those_of_one_operation_each(void **state)
{
    (void)state;
    fill();
    spar_scale_deliver(SPAR_DTYPE_F32, values, 3, out, COUNT);
    spar_scale_deliver(SPAR_DTYPE_F64, wide_values, 3, wide_out, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(out[i] == values[i] * 3);
        assert_true(wide_out[i] == wide_values[i] * 3);
    }
    spar_scale_deliver(SPAR_DTYPE_F32, out, 5, out, COUNT); /* in place */
    assert_true(out[7] == values[7] * 3 * 5);
    spar_scale_join(SPAR_DTYPE_F32, values, carry, out, COUNT);
    spar_scale_join(SPAR_DTYPE_F64, wide_values, wide_carry, wide_out, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(out[i] == values[i] + carry[i]);
        assert_true(wide_out[i] == wide_values[i] + wide_carry[i]);
    }
    spar_scale_join(SPAR_DTYPE_F32, values, carry, carry, COUNT);
    spar_scale_join(SPAR_DTYPE_F64, wide_values, wide_carry, wide_carry, COUNT);
    assert_memory_equal(out, carry, sizeof(carry));
    assert_memory_equal(wide_out, wide_carry, sizeof(wide_carry));
}

static void what_was_carried_is_taken_out_once(void **state)
{
    (void)state;
    fill();
    memcpy(out, values, sizeof(out));
    memcpy(wide_out, wide_values, sizeof(wide_out));
    spar_scale_settle(SPAR_DTYPE_F32, out, carry, 3, COUNT);
    spar_scale_settle(SPAR_DTYPE_F64, wide_out, wide_carry, 3, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(fabsf(out[i] - (values[i] - (float)(i % 13))) < 1e-4F);
        assert_true(fabs(wide_out[i] - (wide_values[i] - i % 13)) < 1e-12);
        assert_true(carry[i] == 0 && wide_carry[i] == 0);
    }
}

/* At every place, of every kind, also if only all ranks' sum is too large. */
static void values_that_do_not_fit_are_found(void **state)
{
    const float bad[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX / 2};
    const double wide_bad[] = {(double)NAN, (double)INFINITY, (double)-INFINITY,
                               DBL_MAX, -DBL_MAX / 2};

    (void)state;
    for (int place = 0; place < COUNT; place += place < 20 ? 1 : 131) {
        for (int kind = 0; kind < 5; kind++) {
            fill();
            assert_true(
                spar_scale_fits(SPAR_DTYPE_F32, values, NULL, 3, COUNT));
            assert_true(
                spar_scale_fits(SPAR_DTYPE_F64, wide_values, NULL, 3, COUNT));
            assert_true(
                spar_scale_fits(SPAR_DTYPE_F32, values, carry, 3, COUNT));
            values[place] = bad[kind];
            wide_values[place] = wide_bad[kind];
            assert_false(
                spar_scale_fits(SPAR_DTYPE_F32, values, NULL, 3, COUNT));
            assert_false(
                spar_scale_fits(SPAR_DTYPE_F64, wide_values, NULL, 3, COUNT));
            assert_false(
                spar_scale_fits(SPAR_DTYPE_F32, values, carry, 3, COUNT));
            assert_false(spar_scale_fits(SPAR_DTYPE_F64, wide_values,
                                         wide_carry, 3, COUNT));
        }
    }
    fill();
    values[9] = carry[9] = FLT_MAX / 5;
    assert_true(spar_scale_fits(SPAR_DTYPE_F32, values, NULL, 3, COUNT));
    assert_false(spar_scale_fits(SPAR_DTYPE_F32, values, carry, 3, COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_those_of_one_operation_each),
        cmocka_unit_test(what_was_carried_is_taken_out_once),
        cmocka_unit_test(values_that_do_not_fit_are_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
