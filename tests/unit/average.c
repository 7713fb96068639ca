/* What samples show of a trainer that averages parameters. */
#include "unit.h"

#include "policy/average.h"

#include <math.h>
#include <stdlib.h>

#define MOST 100000

static const uint64_t counts[] = {1, 15, 1000, 1024, 1025, 4096, 20000, MOST};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static float narrow[MOST];
static double wide[MOST];

static double noise(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random / 4294967296.0 - 0.5;
}

/* Both hold base + spread * noise. */
static void fill(uint64_t count, double base, double spread, uint32_t seed)
{
    for (uint64_t i = 0; i < count; i++) {
        wide[i] = base * (1 + (double)(i % 7)) + spread * noise(&seed);
        narrow[i] = (float)wide[i];
    }
}

static const void *values_of(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? (const void *)wide : (const void *)narrow;
}

/* Inputs of a trainer whose next input is share * the last sum. */
static bool divides(spar_dtype_t dtype, uint64_t count, int ranks, double share,
                    double spread)
{
    spar_average_t average = {0};
    bool result;

    assert_true(spar_average_reserve(&average, dtype, count));
    for (uint32_t step = 0; step < 8; step++) {
        double base = 10 * pow(share * ranks, step);

        fill(count, base, spread, step + 1);
        spar_average_look_at_input(&average, values_of(dtype), ranks);
        fill(count, base * ranks, 0, 0);
        spar_average_look_at_sum(&average, values_of(dtype));
    }
    result = spar_average_divides(&average, ranks);
    spar_average_cleanup(&average);
    return result;
}

static void trainers_that_divide_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTS; i++) {
        for (int dtype = SPAR_DTYPE_F32; dtype <= SPAR_DTYPE_F64; dtype++) {
            for (int ranks = 2; ranks < 6; ranks++) {
                assert_true(divides((spar_dtype_t)dtype, counts[i], ranks,
                                    1.0 / ranks, 0.1));
                assert_false(
                    divides((spar_dtype_t)dtype, counts[i], ranks, 1, 0.1));
                assert_false(divides((spar_dtype_t)dtype, counts[i], ranks,
                                     1.05 / ranks, 0.1));
                assert_false(
                    divides((spar_dtype_t)dtype, counts[i], ranks, 0, 0.1));
            }
        }
    }
}

static void nothing_seen_is_no_division(void **state)
{
    spar_average_t average = {0};

    (void)state;
    assert_false(spar_average_divides(&average, 3));
    spar_average_look_at_input(&average, wide, 3); /* no memory for it */
    spar_average_look_at_sum(&average, wide);
    assert_false(spar_average_divides(&average, 3));
    assert_true(spar_average_distance(&average, 3) == 0);
    assert_true(spar_average_reserve(&average, SPAR_DTYPE_F64, 100));
    spar_average_look_at_input(&average, wide, 3); /* no sum before it */
    assert_false(spar_average_divides(&average, 3));
    assert_true(spar_average_update(&average) == 0);
    spar_average_cleanup(&average);
}

/* |input - sum / ranks|^2 of all elements. */
static void distances_are_those_of_the_whole_layer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTS; i++) {
        spar_average_t average = {0};
        double expected = (double)counts[i] / 12; /* of such noise */

        assert_true(spar_average_reserve(&average, SPAR_DTYPE_F64, counts[i]));
        assert_true(spar_average_bytes(&average) <=
                    (counts[i] <= 1024 ? 16 * counts[i]
                                       : 16 * (1024 + counts[i] / 16)));
        fill(counts[i], 5, 1, 3);
        spar_average_look_at_input(&average, wide, 4);
        assert_true(spar_average_distance(&average, 4) == 0); /* not yet */
        fill(counts[i], 20, 0, 0);
        spar_average_look_at_sum(&average, wide);
        if (counts[i] >= 1000) {
            double distance = spar_average_distance(&average, 4);

            assert_true(fabs(distance / expected - 1) < 0.15);
        }
        /* The next input is 1 away everywhere. */
        fill(counts[i], 5, 0, 0);
        for (uint64_t n = 0; n < counts[i]; n++) {
            wide[n] += 1;
        }
        spar_average_look_at_input(&average, wide, 4);
        assert_true(
            fabs(spar_average_update(&average) / (double)counts[i] - 1) < 1e-9);
        spar_average_forget_updates(&average);
        assert_true(spar_average_update(&average) == 0);
        spar_average_cleanup(&average);
    }
}

static void an_element_that_differs_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTS; i++) {
        spar_average_t average = {0};

        assert_true(spar_average_reserve(&average, SPAR_DTYPE_F32, counts[i]));
        fill(counts[i], 1, 0, 0);
        spar_average_look_at_input(&average, narrow, 1);
        narrow[0] += 1;
        spar_average_look_at_sum(&average, narrow);
        assert_true(spar_average_distance(&average, 1) > 0);
        spar_average_take_input(&average, narrow);
        spar_average_look_at_sum(&average, narrow);
        assert_true(spar_average_distance(&average, 1) == 0);
        spar_average_cleanup(&average);
    }
}

static void bad_values_are_told_and_not_learnt_from(void **state)
{
    spar_average_t average = {0};

    (void)state;
    assert_true(spar_average_reserve(&average, SPAR_DTYPE_F32, 500));
    fill(500, 1, 0, 0);
    spar_average_look_at_input(&average, narrow, 2);
    fill(500, 2, 0, 0);
    spar_average_look_at_sum(&average, narrow);
    fill(500, 1, 0, 0);
    narrow[7] = NAN;
    spar_average_look_at_input(&average, narrow, 2);
    fill(500, 2, 0, 0);
    spar_average_look_at_sum(&average, narrow);
    assert_false(isfinite(spar_average_distance(&average, 2)));
    fill(500, 1, 0, 0);
    spar_average_look_at_input(&average, narrow, 2);
    assert_true(spar_average_divides(&average, 2));
    assert_true(spar_average_update(&average) == 0);
    spar_average_cleanup(&average);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainers_that_divide_are_known),
        cmocka_unit_test(nothing_seen_is_no_division),
        cmocka_unit_test(distances_are_those_of_the_whole_layer),
        cmocka_unit_test(an_element_that_differs_is_seen),
        cmocka_unit_test(bad_values_are_told_and_not_learnt_from)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
