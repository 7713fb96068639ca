/* 16-bit floats: exact one way, to the nearest the other way, the same bits by
 * every instruction set. */
#include "tests/unit/unit.h"

#include "base/half.h"
#include "sparsify/kernels.h"
#include "sparsify/narrow.h"

#include <math.h>
#include <stdlib.h>

#define ALL 65536

static const spar_dtype_t types[] = {SPAR_DTYPE_F16, SPAR_DTYPE_BF16};

static bool is_nan(spar_dtype_t dtype, uint16_t element)
{
    return (element & 0x7fffu) > (dtype == SPAR_DTYPE_F16 ? 0x7c00u : 0x7f80u);
}

/* From the definition. */
static double value_of(spar_dtype_t dtype, uint16_t element)
{
    int fraction = dtype == SPAR_DTYPE_F16 ? 10 : 7;
    int least = dtype == SPAR_DTYPE_F16 ? -14 : -126;
    int most = dtype == SPAR_DTYPE_F16 ? 31 : 255;
    int exponent = (element & 0x7fff) >> fraction;
    int rest = element & ((1 << fraction) - 1);
    double value = exponent == 0 ? ldexp(rest, least - fraction)
                                 : ldexp((1 << fraction) + rest,
                                         exponent - 1 + least - fraction);

    if (exponent == most) {
        value = INFINITY;
    }
    return element & 0x8000 ? -value : value;
}

static void widening_is_exact(void **state)
{
    uint16_t *all = malloc(ALL * sizeof(*all)), *back = malloc(ALL * 2);
    float *wide = malloc(ALL * sizeof(*wide));

    (void)state;
    for (int i = 0; i < ALL; i++) {
        all[i] = (uint16_t)i;
    }
    for (int t = 0; t < 2; t++) {
        spar_narrow_widen(types[t], all, wide, ALL);
        spar_narrow_round(types[t], wide, back, ALL);
        for (int i = 0; i < ALL; i++) {
            if (is_nan(types[t], all[i])) {
                assert_true(isnan(wide[i]) && is_nan(types[t], back[i]));
                continue;
            }
            assert_true(wide[i] == value_of(types[t], all[i]));
            assert_int_equal(back[i], all[i]);
        }
    }
    free(all);
    free(back);
    free(wide);
}

/* Right beside and in the middle between two neighbours, up to infinity. */
static void rounding_is_to_the_nearest(void **state)
{
    (void)state;
    for (int t = 0; t < 2; t++) {
        unsigned infinite = t == 0 ? 0x7c00 : 0x7f80;

        for (unsigned i = 0; i < infinite; i++) {
            double below = value_of(types[t], (uint16_t)i);
            double above =
                i + 1 < infinite
                    ? value_of(types[t], (uint16_t)(i + 1))
                    : 2 * below - value_of(types[t], (uint16_t)(i - 1));
            float middle = (float)((below + above) / 2);
            float inputs[4] = {nextafterf(middle, 0), middle,
                               nextafterf(middle, INFINITY), -middle};
            unsigned even = i % 2 == 0 ? i : i + 1;
            uint16_t results[4];

            spar_narrow_round(types[t], inputs, results, 4);
            assert_int_equal(results[0], i);
            assert_int_equal(results[1], even);
            assert_int_equal(results[2], i + 1);
            assert_int_equal(results[3], even | 0x8000);
        }
    }
}

static void overflow_is_seen(void **state)
{
    static const float limits[] = {65520.0f, 0x1.ffp127f};

    (void)state;
    for (int t = 0; t < 2; t++) {
        float values[70] = {0};
        float below = nextafterf(limits[t], 0);

        for (int i = 0; i < 70; i++) {
            values[i] = -below;
            assert_false(spar_narrow_overflows(types[t], values, 70));
            values[i] = -limits[t];
            assert_true(spar_narrow_overflows(types[t], values, 70));
            values[i] = NAN;
            assert_true(spar_narrow_overflows(types[t], values, 70));
            values[i] = below;
        }
        assert_false(spar_narrow_overflows(types[t], values, 0));
    }
}

/* Any bits, any length, any address; what lies around stays. */
static void compare(const spar_kernels_t *set, uint32_t seed, size_t n)
{
    const spar_kernels_t *scalar = spar_kernels_find("scalar");
    float values[200], wide[2][202];
    unsigned char bytes[402], narrow[2][402];

    for (size_t i = 0; i < 200; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] =
            spar_half_float(i % 3 == 0 ? seed : (seed >> 5) + 0x3a000000u);
    }
    memcpy(bytes, values, sizeof(bytes));
    for (size_t at = 0; at < 2; at++) {
        memset(wide, 0x5a, sizeof(wide));
        set->widen_f16(bytes + at, wide[0], n);
        scalar->widen_f16(bytes + at, wide[1], n);
        assert_memory_equal(wide[0], wide[1], sizeof(wide[0]));
        set->widen_bf16(bytes + at, wide[0], n);
        scalar->widen_bf16(bytes + at, wide[1], n);
        assert_memory_equal(wide[0], wide[1], sizeof(wide[0]));
        memset(narrow, 0x5a, sizeof(narrow));
        set->narrow_f16(values, narrow[0] + at, n);
        scalar->narrow_f16(values, narrow[1] + at, n);
        assert_memory_equal(narrow[0], narrow[1], sizeof(narrow[0]));
        assert_int_equal(narrow[0][at + 2 * n], 0x5a);
        set->narrow_bf16(values, narrow[0] + at, n);
        scalar->narrow_bf16(values, narrow[1] + at, n);
        assert_memory_equal(narrow[0], narrow[1], sizeof(narrow[0]));
    }
    assert_int_equal(set->largest_f32(values, n),
                     scalar->largest_f32(values, n));
}

static void sets_agree(void **state)
{
    static const char *const names[] = {"avx2", "avx512"};

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const spar_kernels_t *set = spar_kernels_find(names[s]);

        for (size_t n = 0; set != NULL && n <= 199; n++) {
            compare(set, (uint32_t)(1 + n), n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widening_is_exact),
        cmocka_unit_test(rounding_is_to_the_nearest),
        cmocka_unit_test(overflow_is_seen),
        cmocka_unit_test(sets_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
