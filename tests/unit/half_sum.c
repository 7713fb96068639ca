/* Which operations on 16 bits are taken for sums of floats, and which are not.
 */
#include "tests/unit/unit.h"

#include "base/half.h"
#include "sparsify/half_sum.h"

#include <math.h>

typedef uint16_t (*operation_t)(uint16_t a, uint16_t b);

/* Reads and writes a type of floats. */
typedef struct real {
    float (*get)(uint16_t element);
    uint16_t (*put)(float value);
} real_t;

static uint16_t half_cut(float value)
{
    uint16_t nearest = spar_half_round(value);

    return fabsf(spar_half_value(nearest)) > fabsf(value)
               ? (uint16_t)(nearest - 1)
               : nearest;
}

static uint16_t bf16_cut(float value)
{
    return (uint16_t)(spar_half_bits(value) >> 16);
}

static float bf16_flushed(uint16_t element)
{
    return (element & 0x7fffu) < 0x80u ? 0 : spar_bf16_value(element);
}

static const real_t half_nearest = {spar_half_value, spar_half_round};
static const real_t half_towards_zero = {spar_half_value, half_cut};
static const real_t bf16_nearest = {spar_bf16_value, spar_bf16_round};
static const real_t bf16_towards_zero = {spar_bf16_value, bf16_cut};
static const real_t bf16_without_subnormals = {bf16_flushed, spar_bf16_round};

static const real_t *real;

static uint16_t sum(uint16_t a, uint16_t b)
{
    return real->put(real->get(a) + real->get(b));
}

static uint16_t mean(uint16_t a, uint16_t b)
{
    return real->put((real->get(a) + real->get(b)) / 2);
}

static uint16_t difference(uint16_t a, uint16_t b)
{
    return real->put(real->get(a) - real->get(b));
}

static uint16_t product(uint16_t a, uint16_t b)
{
    return real->put(real->get(a) * real->get(b));
}

static uint16_t maximum(uint16_t a, uint16_t b)
{
    return real->get(a) > real->get(b) ? a : b;
}

static uint16_t larger(uint16_t a, uint16_t b)
{
    return fabsf(real->get(a)) > fabsf(real->get(b)) ? a : b;
}

static uint16_t clipped(uint16_t a, uint16_t b)
{
    return real->put(fmaxf(-1000, fminf(1000, real->get(a) + real->get(b))));
}

static uint16_t of_magnitudes(uint16_t a, uint16_t b)
{
    return real->put(fabsf(real->get(a)) + fabsf(real->get(b)));
}

static uint16_t coarse(uint16_t a, uint16_t b)
{
    return sum(a, b) & 0xfffc;
}

static uint16_t first(uint16_t a, uint16_t b)
{
    (void)b;
    return a;
}

static uint16_t whole(uint16_t a, uint16_t b)
{
    return (uint16_t)(a + b);
}

static uint16_t saturated(uint16_t a, uint16_t b)
{
    int value = (int16_t)a + (int16_t)b;

    return (uint16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

static uint16_t bits_of_either(uint16_t a, uint16_t b)
{
    return a | b;
}

static spar_dtype_t judge(operation_t operation)
{
    spar_half_sum_t pairs;
    uint16_t results[SPAR_HALF_SUM_PAIRS];

    spar_half_sum_fill(&pairs);
    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        results[i] = operation(pairs.a[i], pairs.b[i]);
    }
    return spar_half_sum_judge(&pairs, results);
}

static void sums_are_recognised(void **state)
{
    (void)state;
    real = &half_nearest;
    assert_int_equal(judge(sum), SPAR_DTYPE_F16);
    real = &half_towards_zero;
    assert_int_equal(judge(sum), SPAR_DTYPE_F16);
    real = &bf16_nearest;
    assert_int_equal(judge(sum), SPAR_DTYPE_BF16);
    real = &bf16_towards_zero;
    assert_int_equal(judge(sum), SPAR_DTYPE_BF16);
    real = &bf16_without_subnormals;
    assert_int_equal(judge(sum), SPAR_DTYPE_BF16);
}

static void others_are_not(void **state)
{
    static const operation_t others[] = {
        mean,          difference, product, maximum, larger,    clipped,
        of_magnitudes, first,      whole,   coarse,  saturated, bits_of_either};
    static const real_t *const reals[] = {&half_nearest, &bf16_nearest};

    (void)state;
    for (size_t r = 0; r < 2; r++) {
        real = reals[r];
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            assert_int_equal(judge(others[i]), SPAR_DTYPE_BITS16);
        }
    }
}

/* One wrong element is enough, wherever it is; so is NaN. */
static void every_pair_counts(void **state)
{
    spar_half_sum_t pairs;
    uint16_t results[SPAR_HALF_SUM_PAIRS];

    (void)state;
    real = &half_nearest;
    spar_half_sum_fill(&pairs);
    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        results[i] = sum(pairs.a[i], pairs.b[i]);
    }
    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        uint16_t right = results[i];

        results[i] = i % 2 == 0 ? 0x7e00 : (uint16_t)(right ^ 0x10);
        assert_int_equal(spar_half_sum_judge(&pairs, results),
                         SPAR_DTYPE_BITS16);
        results[i] = right;
    }
}

/* Nothing that an operation could complain about, in either type. */
static void pairs_are_harmless(void **state)
{
    spar_half_sum_t pairs;
    unsigned subnormal = 0, negative = 0, cancelled = 0;

    (void)state;
    spar_half_sum_fill(&pairs);
    for (size_t i = 0; i < SPAR_HALF_SUM_PAIRS; i++) {
        float a = spar_half_value(pairs.a[i]), b = spar_half_value(pairs.b[i]);

        assert_true(fabsf(a + b) <= 65504);
        assert_true(isfinite(spar_bf16_value(pairs.a[i])));
        assert_true(isfinite(spar_bf16_value(pairs.b[i])));
        subnormal += a != 0 && fabsf(a) < 0x1p-14f;
        negative += a < 0;
        cancelled += a * b < 0;
    }
    assert_true(subnormal > 100 && negative > 500 && cancelled > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_recognised),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(every_pair_counts),
        cmocka_unit_test(pairs_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
