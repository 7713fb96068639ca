/* Rounding of values: nothing is lost, as near as promised, without bias, and
 * what is read is what was rounded. */
#include "tests/unit/select_data.h"

#include "sparsify/values.h"

#define GROUPS 100
#define N      (GROUPS * SPAR_VALUES_GROUP + 17)

static const spar_values_t rounded_types[] = {
    SPAR_VALUES_BF16, SPAR_VALUES_FP16, SPAR_VALUES_INT8};
#define TYPES (sizeof(rounded_types) / sizeof(rounded_types[0]))

typedef enum wild {
    WILD_BITS,   /* any finite number */
    WILD_TINY,   /* subnormal and just above */
    WILD_HUGE,   /* just below overflow, mixed with others */
    WILD_DECADE, /* 1e-30 to 1e38 */
    WILD_NEAR,   /* within a factor of 8: what a threshold lets through */
    WILD_HALVES, /* on and right beside the steps of a scale */
    WILD_EQUAL,
    WILD_ZERO,
    WILDS
} wild_t;

static float wild_value(wild_t wild, uint64_t *seed)
{
    float sign = data_random(seed) % 2 == 0 ? 1.0f : -1.0f;
    uint32_t bits = (uint32_t)data_random(seed);
    float value;

    switch (wild) {
    case WILD_BITS:
        bits = (bits & 0x7fffffffu) % 0x7f800000u;
        break;
    case WILD_TINY:
        bits %= 0x01800000u;
        break;
    case WILD_HUGE:
        bits = bits % 2 == 0 ? 0x7f7fffffu - bits % 64
                             : (bits & 0x7fffffffu) % 0x7f800000u;
        break;
    case WILD_DECADE:
        return sign * (float)pow(10.0, -30.0 + 68.0 * data_uniform(seed));
    case WILD_NEAR:
        return sign * (float)(1.0 + 7.0 * data_uniform(seed));
    case WILD_HALVES:
        value = 0.5f * (float)(bits % 255);
        return sign * nextafterf(value, bits & 0x10000 ? 1000.0f : -1000.0f);
    case WILD_EQUAL:
        return sign * 0.7f;
    case WILD_ZERO:
    case WILDS:
        return 0.0f * sign;
    }
    memcpy(&value, &bits, sizeof(value));
    return sign * value;
}

static void wild_fill(wild_t wild, uint64_t seed, float *to)
{
    size_t i;

    for (i = 0; i < N; i++) {
        to[i] = wild_value(wild, &seed);
    }
}

static void difference_is_exact(void **state)
{
    float *before = data_alloc(N, 4), *after = data_alloc(N, 4);
    uint64_t seed;
    int wild;
    size_t t, i;

    (void)state;
    for (wild = 0; wild < WILDS; wild++) {
        for (seed = 0; seed < 6; seed++) {
            for (t = 0; t < TYPES; t++) {
                wild_fill((wild_t)wild, seed, before);
                memcpy(after, before, N * sizeof(float));
                spar_values_round(rounded_types[t], after, N, seed);
                for (i = 0; i < N; i++) {
                    volatile float rest = before[i] - after[i];
                    volatile float sum = after[i] + rest;

                    assert_true(isfinite(after[i]));
                    assert_true(sum == before[i]);
                    /* Not only the rounded sum, as far as a double shows. */
                    assert_true((double)after[i] + (double)rest ==
                                (double)before[i]);
                }
            }
        }
    }
    free(before);
    free(after);
}

/* In slices, as an exchange sends them, each with the scales that it needs. */
static void what_is_read_was_rounded(void **state)
{
    const size_t widths[] = {1, 5, 63, 64, 65, 200, N};
    float *before = data_alloc(N, 4), *after = data_alloc(N, 4);
    uint64_t seed;
    int wild;
    size_t t, w;

    (void)state;
    for (wild = 0; wild < WILDS; wild++) {
        for (t = 0; t < TYPES; t++) {
            seed = (uint64_t)wild % 3;
            wild_fill((wild_t)wild, 9, before);
            spar_values_round(rounded_types[t], before, N, seed);
            for (w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
                size_t begin, n;

                for (begin = 0; begin < N; begin += n) {
                    spar_values_t type = rounded_types[t];
                    unsigned phase = begin % SPAR_VALUES_GROUP;
                    unsigned char *scales, *bytes;
                    uint64_t groups;

                    n = begin + widths[w] < N ? widths[w] : N - begin;
                    groups = spar_values_scales(type, phase, n);
                    scales = data_alloc(groups, 1);
                    bytes = data_alloc(n, spar_values_size(type));
                    spar_values_put(type, before + begin, phase, n, scales,
                                    bytes);
                    assert_true(spar_values_scales_valid(type, scales, groups));
                    spar_values_get(type, scales, phase, bytes, 0, n,
                                    after + begin);
                    if (n > 3) {
                        spar_values_get(type, scales, phase, bytes, 3, n - 3,
                                        after + begin + 3);
                    }
                    free(scales);
                    free(bytes);
                }
                assert_memory_equal(after, before, N * sizeof(float));
            }
        }
    }
    free(before);
    free(after);
}

/* No nearest number is farther: half the last bit of a fraction, of the
 * least exponent, or of the scale. */
static double half_step(spar_values_t type, double value, double most)
{
    if (type == SPAR_VALUES_BF16) {
        return fmax(fabs(value) * 0x1p-8, 0x1p-134);
    }
    if (type == SPAR_VALUES_FP16) {
        return fmax(fabs(value) * 0x1p-11, most * 0x1p-39);
    }
    return most / 126.0;
}

static void nearest_is_near(void **state)
{
    const wild_t kinds[] = {WILD_DECADE, WILD_NEAR, WILD_HALVES, WILD_EQUAL};
    float *before = data_alloc(N, 4), *after = data_alloc(N, 4);
    size_t k, t, i, j;

    (void)state;
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (t = 0; t < TYPES; t++) {
            wild_fill(kinds[k], 5, before);
            memcpy(after, before, N * sizeof(float));
            spar_values_round(rounded_types[t], after, N, 0);
            for (i = 0; i < N; i++) {
                size_t group = i - i % SPAR_VALUES_GROUP;
                double most = 0.0;

                for (j = group; j < N && j < group + SPAR_VALUES_GROUP; j++) {
                    most = fmax(most, fabs((double)before[j]));
                }
                assert_true(
                    fabs((double)after[i] - (double)before[i]) <=
                    half_step(rounded_types[t], (double)before[i], most));
            }
        }
    }
    free(before);
    free(after);
}

/* Integers up to 127 and halves of few bits are what they are. */
static void what_fits_stays(void **state)
{
    float values[255], after[255];
    size_t t;
    int i;

    (void)state;
    for (i = 0; i < 255; i++) {
        values[i] = (float)(i - 127);
    }
    for (i = 0; i < 4; i++) {
        values[64 * i] = 127.0f;
    }
    for (t = 0; t < TYPES; t++) {
        memcpy(after, values, sizeof(values));
        spar_values_round(rounded_types[t], after, 255, t);
        assert_memory_equal(after, values, sizeof(values));
    }
}

/* Means over many seeds, against the standard error of a coin's toss; the
 * first value sets the scale. */
static void random_rounding_has_no_bias(void **state)
{
    enum {
        SEEDS = 4000
    };
    float values[SPAR_VALUES_GROUP], some[SPAR_VALUES_GROUP];
    double sums[SPAR_VALUES_GROUP];
    uint64_t seed, random = 3;
    size_t t, i;

    (void)state;
    for (i = 0; i < SPAR_VALUES_GROUP; i++) {
        values[i] = (float)((i % 2 == 0 ? 1.0 : -1.0) *
                            (1.0 + 62.0 * data_uniform(&random)));
    }
    values[0] = 127.0f;
    for (t = 0; t < TYPES; t++) {
        size_t up = 0, together = 0;

        memset(sums, 0, sizeof(sums));
        for (seed = 1; seed <= SEEDS; seed++) {
            memcpy(some, values, sizeof(values));
            spar_values_round(rounded_types[t], some, SPAR_VALUES_GROUP, seed);
            for (i = 0; i < SPAR_VALUES_GROUP; i++) {
                sums[i] += (double)some[i];
                up += some[i] > values[i];
                together += i > 1 && (some[i] > values[i]) ==
                                         (some[i - 1] > values[i - 1]);
            }
        }
        for (i = 0; i < SPAR_VALUES_GROUP; i++) {
            double value = (double)values[i];
            double step = rounded_types[t] == SPAR_VALUES_INT8
                              ? 1.0
                              : 4.0 * half_step(rounded_types[t], value, 127.0);

            assert_true(fabs(sums[i] / SEEDS - value) <
                        5.0 * step * 0.5 / sqrt((double)SEEDS));
        }
        /* About half of them go up, and neighbours not together. */
        assert_true(up > SEEDS * 64 * 4 / 10 && up < SEEDS * 64 * 6 / 10);
        assert_true(together > SEEDS * 62 * 4 / 10 &&
                    together < SEEDS * 62 * 6 / 10);
    }
}

static void a_seed_repeats_itself(void **state)
{
    float *a = data_alloc(N, 4), *b = data_alloc(N, 4);
    size_t t;

    (void)state;
    for (t = 0; t < TYPES; t++) {
        wild_fill(WILD_NEAR, 1, a);
        wild_fill(WILD_NEAR, 1, b);
        spar_values_round(rounded_types[t], a, N, 11);
        spar_values_round(rounded_types[t], b, N, 11);
        assert_memory_equal(a, b, N * sizeof(float));
        wild_fill(WILD_NEAR, 1, b);
        spar_values_round(rounded_types[t], b, N, 12);
        assert_true(memcmp(a, b, N * sizeof(float)) != 0);
    }
    free(a);
    free(b);
}

/* IEEE 754 halves, all of them, against ldexp. */
static void halves_are_ieee(void **state)
{
    const unsigned char scale = 127;
    uint32_t half;

    (void)state;
    for (half = 0; half < 0x10000; half++) {
        uint16_t bits = (uint16_t)half;
        unsigned exponent = (half >> 10) & 31, fraction = half & 1023;
        double sign = half & 0x8000 ? -1.0 : 1.0;
        unsigned char bytes[2];
        float value;

        memcpy(bytes, &bits, sizeof(bits));
        spar_values_get(SPAR_VALUES_FP16, &scale, 0, bytes, 0, 1, &value);
        if (exponent == 31) {
            assert_true(fraction == 0 ? isinf(value) : isnan(value));
        } else if (exponent == 0) {
            assert_true((double)value == sign * ldexp(fraction, -24));
        } else {
            assert_true((double)value ==
                        sign * ldexp(1024 + fraction, (int)exponent - 25));
        }
        assert_int_equal(signbit(value) != 0, half >> 15);
    }
}

static void scales_are_checked(void **state)
{
    const unsigned char wrong[] = {0, 249, 255};
    unsigned char scales[3] = {1, 100, 239};
    size_t i;

    (void)state;
    assert_true(spar_values_scales_valid(SPAR_VALUES_INT8, scales, 3));
    assert_true(spar_values_scales_valid(SPAR_VALUES_FP16, scales, 3));
    assert_true(spar_values_scales_valid(SPAR_VALUES_F32, NULL, 0));
    scales[2] = 240;
    assert_true(spar_values_scales_valid(SPAR_VALUES_INT8, scales, 3));
    assert_false(spar_values_scales_valid(SPAR_VALUES_FP16, scales, 3));
    for (i = 0; i < sizeof(wrong); i++) {
        scales[i] = wrong[i];
        assert_false(spar_values_scales_valid(SPAR_VALUES_INT8, scales, 3));
        scales[i] = 100;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(difference_is_exact),
        cmocka_unit_test(what_is_read_was_rounded),
        cmocka_unit_test(nearest_is_near),
        cmocka_unit_test(what_fits_stays),
        cmocka_unit_test(random_rounding_has_no_bias),
        cmocka_unit_test(a_seed_repeats_itself),
        cmocka_unit_test(halves_are_ieee),
        cmocka_unit_test(scales_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
