#include "unit.h"

#include "policy/content.h"

#include <math.h>
#include <stdlib.h>

#define COUNT 10007
#define LOOKS 8

static float values[COUNT];

static double noise(void)
{
    return rand() / (double)RAND_MAX - 0.5;
}

/* What is made of results whose elements are what `next` makes of the ones
 * before. */
static spar_guard_t judge(float (*next)(float before, int i, int look))
{
    spar_content_t content = {0};

    for (int look = 0; look < LOOKS; look++) {
        for (int i = 0; i < COUNT; i++) {
            values[i] = next(look == 0 ? 0 : values[i], i, look);
        }
        assert_int_equal(look < SPAR_CONTENT_LOOKS
                             ? spar_content_judge(&content)
                             : SPAR_GUARD_NONE,
                         SPAR_GUARD_NONE);
        spar_content_look(&content, SPAR_DTYPE_F32, values, COUNT);
    }
    return spar_content_judge(&content);
}

/* Gradients: a common direction, and the noise of the batch. */
static float gradient(float before, int i, int look)
{
    (void)before;
    (void)look;
    return i % 3 == 0 ? 0 : (float)(0.3 + noise());
}

static void gradients_have_no_guard(void **state)
{
    (void)state;
    assert_int_equal(judge(gradient), SPAR_GUARD_NONE);
}

static float parameter(float before, int i, int look)
{
    (void)i;
    return look == 0 ? (float)noise() : before * (1 + (float)(0.01 * noise()));
}

/* A small network in its first steps: what is small changes by much of itself.
 */
static float fast_parameter(float before, int i, int look)
{
    return look == 0 ? (float)(noise() * noise() * noise())
                     : before + 0.004F * (float)noise() * (float)(i % 5);
}

static void parameters_hardly_change(void **state)
{
    (void)state;
    assert_int_equal(judge(parameter), SPAR_GUARD_PARAMETERS);
    assert_int_equal(judge(fast_parameter), SPAR_GUARD_PARAMETERS);
}

/* Momentum, or large batches: a tenth anew in each step. */
static float slow_gradient(float before, int i, int look)
{
    (void)i;
    return look == 0 ? (float)noise() : 0.9F * before + 0.4F * (float)noise();
}

static void slow_gradients_have_no_guard(void **state)
{
    (void)state;
    assert_int_equal(judge(slow_gradient), SPAR_GUARD_NONE);
}

static float square(float before, int i, int look)
{
    float value = gradient(before, i, look);

    return value * value;
}

static float loss(float before, int i, int look)
{
    return -square(before, i, look);
}

static void one_sign_is_no_gradient(void **state)
{
    (void)state;
    assert_int_equal(judge(square), SPAR_GUARD_ONE_SIGN);
    assert_int_equal(judge(loss), SPAR_GUARD_ONE_SIGN);
}

/* A layer behind one rectified unit: one sign in each step, but not the same
 * one in all. */
static float sign_of_the_step(float before, int i, int look)
{
    return (look % 3 == 0 ? -1 : 1) * square(before, i, look);
}

static void one_sign_must_last(void **state)
{
    (void)state;
    assert_int_equal(judge(sign_of_the_step), SPAR_GUARD_NONE);
}

/* Of 64 samples one is not zero. */
static float rare_square(float before, int i, int look)
{
    return i == 0 ? square(before, 1, look) : 0;
}

static void few_numbers_tell_no_sign(void **state)
{
    (void)state;
    assert_int_equal(judge(rare_square), SPAR_GUARD_NONE);
}

static float whole(float before, int i, int look)
{
    (void)before;
    return (float)((i * 7919 + look * 104729) % 23 - 11);
}

static float of_a_few_bits(float before, int i, int look)
{
    return whole(before, i, look) / 128;
}

static float too_large_to_tell(float before, int i, int look)
{
    return 1e9F * gradient(before, i, look);
}

static void whole_numbers_are_counts(void **state)
{
    (void)state;
    assert_int_equal(judge(whole), SPAR_GUARD_WHOLE);
    assert_int_equal(judge(of_a_few_bits), SPAR_GUARD_NONE);
    assert_int_equal(judge(too_large_to_tell), SPAR_GUARD_NONE);
}

static float running(float before, int i, int look)
{
    return before + (i % 2 == 0 ? -1 : 1) * square(before, i + 1, look) +
           before / 9;
}

/* A learning rate that is warmed up, in the gradient. */
static float warmed_up(float before, int i, int look)
{
    return (1 + (float)look) * (gradient(before, i, look) - 0.3F);
}

static void running_sums_grow(void **state)
{
    (void)state;
    assert_int_equal(judge(running), SPAR_GUARD_RUNNING);
    assert_int_equal(judge(warmed_up), SPAR_GUARD_NONE);
}

static float zero(float before, int i, int look)
{
    (void)before;
    (void)i;
    (void)look;
    return 0;
}

static void zeros_tell_nothing(void **state)
{
    spar_content_t content = {0};

    (void)state;
    assert_int_equal(judge(zero), SPAR_GUARD_NONE);
    spar_content_look(&content, SPAR_DTYPE_F32, values, 1);
}

/* A loss scale that is too large at first. */
static void results_with_nan_are_passed_over(void **state)
{
    static double wide[COUNT];
    spar_content_t content = {0};

    (void)state;
    for (int look = 0; look < LOOKS; look++) {
        for (int i = 0; i < COUNT; i++) {
            wide[i] = look % 2 == 0 ? NAN : 1 + 0.01 * noise();
        }
        spar_content_look(&content, SPAR_DTYPE_F64, wide, COUNT);
    }
    assert_int_equal(content.looks, LOOKS / 2);
    assert_int_equal(spar_content_judge(&content), SPAR_GUARD_PARAMETERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_have_no_guard),
        cmocka_unit_test(parameters_hardly_change),
        cmocka_unit_test(slow_gradients_have_no_guard),
        cmocka_unit_test(one_sign_is_no_gradient),
        cmocka_unit_test(one_sign_must_last),
        cmocka_unit_test(few_numbers_tell_no_sign),
        cmocka_unit_test(whole_numbers_are_counts),
        cmocka_unit_test(running_sums_grow),
        cmocka_unit_test(zeros_tell_nothing),
        cmocka_unit_test(results_with_nan_are_passed_over)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
