/* Every instruction set gives bitwise what the scalar set gives. */
#include "tests/unit/select_data.h"

#include "sparsify/kernels_internal.h"

static const spar_kernels_t *tables[4];
static size_t table_count;

static const size_t sizes[] = {0,  1,  2,  7,  15,  16,  17,  31,  32,
                               33, 63, 64, 65, 127, 128, 129, 257, 1000};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
/* Elements by which a sum may be shifted: beyond a vector of any set. */
#define SHIFT 17

/* What one scan writes, with a canary behind the last place. */
typedef struct scan_result {
    size_t found;
    bool nonfinite;
    uint32_t indices[1001];
    double values[1001]; /* or floats */
} scan_result_t;

static void result_clear(scan_result_t *result)
{
    memset(result, 0x5a, sizeof(*result));
    result->nonfinite = false;
}

/* The entries and everything behind the capacity must agree; places below it
 * that hold no entry are scratch. */
static void results_compare(const scan_result_t *result,
                            const scan_result_t *expected, size_t size,
                            size_t capacity)
{
    size_t kept = expected->found < capacity ? expected->found : capacity;

    assert_int_equal(result->found, expected->found);
    assert_int_equal(result->nonfinite, expected->nonfinite);
    assert_memory_equal(result->indices, expected->indices,
                        kept * sizeof(uint32_t));
    assert_memory_equal(result->values, expected->values, kept * size);
    assert_memory_equal(result->indices + capacity,
                        expected->indices + capacity,
                        (1001 - capacity) * sizeof(uint32_t));
    assert_memory_equal((const char *)result->values + capacity * size,
                        (const char *)expected->values + capacity * size,
                        sizeof(result->values) - capacity * size);
}

/* Around n elements of `room` from `shift` on, nothing was written. */
static void margins_compare(const void *room, size_t shift, size_t n,
                            size_t size)
{
    const unsigned char *bytes = room;
    size_t i;

    for (i = 0; i < shift * size; i++) {
        assert_int_equal(bytes[i], 0xa5);
    }
    for (i = (shift + n) * size; i < (n + SHIFT + 1) * size; i++) {
        assert_int_equal(bytes[i], 0xa5);
    }
}

/* The same entries with a sum, which begins anywhere and ends where it is to.
 */
static void sum_check_f32(const spar_kernels_t *table, const float *gradient,
                          const float *residual, size_t n, float threshold,
                          size_t capacity, const scan_result_t *expected)
{
    static scan_result_t result;
    float *room = data_alloc(n + SHIFT + 1, sizeof(*room));
    size_t i;

    for (size_t shift = 0; shift <= SHIFT; shift += n % 3 + 1) {
        memset(room, 0xa5, (n + SHIFT + 1) * sizeof(*room));
        result_clear(&result);
        result.found = table->scan_f32(
            gradient, residual, n, threshold, 7, capacity, result.indices,
            (float *)result.values, room + shift, &result.nonfinite);
        results_compare(&result, expected, sizeof(float), capacity);
        margins_compare(room, shift, n, sizeof(*room));
        for (i = 0; i < n; i++) {
            float acc =
                residual == NULL ? gradient[i] : gradient[i] + residual[i];

            assert_memory_equal(&room[shift + i], &acc, sizeof(acc));
        }
    }
    free(room);
}

static void scan_check_f32(const float *gradient, const float *residual,
                           size_t n, float threshold, size_t capacity)
{
    static scan_result_t expected, result;
    size_t t;

    result_clear(&expected);
    expected.found = spar_kernels_scalar.scan_f32(
        gradient, residual, n, threshold, 7, capacity, expected.indices,
        (float *)expected.values, NULL, &expected.nonfinite);
    for (t = 0; t < table_count; t++) {
        result_clear(&result);
        result.found = tables[t]->scan_f32(
            gradient, residual, n, threshold, 7, capacity, result.indices,
            (float *)result.values, NULL, &result.nonfinite);
        results_compare(&result, &expected, sizeof(float), capacity);
        sum_check_f32(tables[t], gradient, residual, n, threshold, capacity,
                      &expected);
        assert_int_equal(
            tables[t]->count_f32(gradient, residual, n, threshold),
            spar_kernels_scalar.count_f32(gradient, residual, n, threshold));
    }
}

/* The same entries with a sum, which begins anywhere and ends where it is to.
 */
static void sum_check_f64(const spar_kernels_t *table, const double *gradient,
                          const double *residual, size_t n, double threshold,
                          size_t capacity, const scan_result_t *expected)
{
    static scan_result_t result;
    double *room = data_alloc(n + SHIFT + 1, sizeof(*room));
    size_t i;

    for (size_t shift = 0; shift <= SHIFT; shift += n % 3 + 1) {
        memset(room, 0xa5, (n + SHIFT + 1) * sizeof(*room));
        result_clear(&result);
        result.found = table->scan_f64(
            gradient, residual, n, threshold, 7, capacity, result.indices,
            (double *)result.values, room + shift, &result.nonfinite);
        results_compare(&result, expected, sizeof(double), capacity);
        margins_compare(room, shift, n, sizeof(*room));
        for (i = 0; i < n; i++) {
            double acc =
                residual == NULL ? gradient[i] : gradient[i] + residual[i];

            assert_memory_equal(&room[shift + i], &acc, sizeof(acc));
        }
    }
    free(room);
}

static void scan_check_f64(const double *gradient, const double *residual,
                           size_t n, double threshold, size_t capacity)
{
    static scan_result_t expected, result;
    size_t t;

    result_clear(&expected);
    expected.found = spar_kernels_scalar.scan_f64(
        gradient, residual, n, threshold, 7, capacity, expected.indices,
        expected.values, NULL, &expected.nonfinite);
    for (t = 0; t < table_count; t++) {
        result_clear(&result);
        result.found = tables[t]->scan_f64(
            gradient, residual, n, threshold, 7, capacity, result.indices,
            result.values, NULL, &result.nonfinite);
        results_compare(&result, &expected, sizeof(double), capacity);
        sum_check_f64(tables[t], gradient, residual, n, threshold, capacity,
                      &expected);
        assert_int_equal(
            tables[t]->count_f64(gradient, residual, n, threshold),
            spar_kernels_scalar.count_f64(gradient, residual, n, threshold));
    }
}

/* The scalar scan itself, against the definition in the header. */
static void scalar_scan_follows_the_definition(void **state)
{
    float gradient[300], residual[300];
    uint32_t indices[300];
    float values[300];
    bool nonfinite = false;
    size_t found, i, at = 0;

    (void)state;
    data_fill_f32(gradient, 300, DATA_NORMAL, 1);
    data_fill_f32(residual, 300, DATA_NORMAL, 2);
    gradient[123] = 1.5f;
    residual[123] = -0.5f; /* exactly at the threshold */
    found = spar_kernels_scalar.scan_f32(gradient, residual, 300, 1.0f, 40, 300,
                                         indices, values, NULL, &nonfinite);
    for (i = 0; i < 300; i++) {
        float acc = gradient[i] + residual[i];

        if (fabsf(acc) >= 1.0f) {
            assert_true(at < found);
            assert_int_equal(indices[at], 40 + i);
            assert_true(values[at] == acc);
            at++;
        }
    }
    assert_int_equal(at, found);
    assert_false(nonfinite);
    assert_int_equal(
        spar_kernels_scalar.count_f32(gradient, residual, 300, 1.0f),
        found - 1);
}

static void scans_agree_on_all_shapes(void **state)
{
    size_t s, c;
    int shape;

    (void)state;
    for (s = 0; s < SIZES; s++) {
        for (shape = 0; shape < DATA_SHAPES; shape++) {
            size_t n = sizes[s];
            size_t capacities[] = {0, 1, 9, n / 2, n};
            float *g32 = data_alloc(n, 4), *r32 = data_alloc(n, 4);
            double *g64 = data_alloc(n, 8), *r64 = data_alloc(n, 8);

            data_fill_f32(g32, n, (data_shape_t)shape, s);
            data_fill_f32(r32, n, (data_shape_t)shape, s + 100);
            data_fill_f64(g64, n, (data_shape_t)shape, s);
            data_fill_f64(r64, n, (data_shape_t)shape, s + 100);
            for (c = 0; c < 5; c++) {
                double middle = n > 0 ? fabs(g64[n / 2]) : 1.0;
                float middle32 = n > 0 ? fabsf(g32[n / 2]) : 1.0f;

                scan_check_f32(g32, r32, n, middle32, capacities[c]);
                scan_check_f32(g32, NULL, n, middle32, capacities[c]);
                scan_check_f32(g32, r32, n, 0.0f, capacities[c]);
                scan_check_f32(g32, r32, n, 0x1p-149f, capacities[c]);
                scan_check_f64(g64, r64, n, middle, capacities[c]);
                scan_check_f64(g64, NULL, n, middle, capacities[c]);
                scan_check_f64(g64, r64, n, 0.0, capacities[c]);
            }
            free(g32);
            free(r32);
            free(g64);
            free(r64);
        }
    }
}

/* A NaN or an infinity at any place is seen, and so is a sum that overflows,
 * even where the threshold is larger than everything finite. */
static void nonfinite_is_seen_everywhere(void **state)
{
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY, FLT_MAX};
    float gradient[200] = {0}, residual[200] = {0};
    double gradient64[200] = {0}, residual64[200] = {0};
    uint32_t indices[1];
    float values[1], sum[200];
    double values64[1], sum64[200];
    size_t t, b, i;

    (void)state;
    for (t = 0; t < table_count; t++) {
        for (b = 0; b < 5; b++) {
            for (i = 0; i < 200; i++) {
                bool seen = false, seen64 = false;

                gradient[i] = bad[b];
                residual[i] = b == 4 ? FLT_MAX : 0.0f;
                gradient64[i] = b == 4 ? DBL_MAX : (double)bad[b];
                residual64[i] = b == 4 ? DBL_MAX : 0.0;
                tables[t]->scan_f32(gradient, residual, 200, FLT_MAX, 0, 0,
                                    indices, values, i % 2 == 0 ? sum : NULL,
                                    &seen);
                tables[t]->scan_f64(gradient64, residual64, 200, DBL_MAX, 0, 0,
                                    indices, values64,
                                    i % 2 == 0 ? sum64 : NULL, &seen64);
                assert_true(seen);
                assert_true(seen64);
                gradient[i] = residual[i] = 0.0f;
                gradient64[i] = residual64[i] = 0.0;
            }
        }
    }
}

static void moments_agree(void **state)
{
    static const size_t counts[] = {0,   1,   15,  16,   17,   255,
                                    256, 257, 300, 4095, 4096, 9000};
    size_t s, t;
    int shape;

    (void)state;
    for (s = 0; s < sizeof(counts) / sizeof(counts[0]); s++) {
        for (shape = 0; shape < DATA_SHAPES; shape++) {
            size_t n = counts[s];
            float *g32 = data_alloc(n, 4), *r32 = data_alloc(n, 4);
            double *g64 = data_alloc(n, 8), *r64 = data_alloc(n, 8);
            spar_moments_t expected, result;

            data_fill_f32(g32, n, (data_shape_t)shape, s);
            data_fill_f32(r32, n, (data_shape_t)shape, s + 100);
            data_fill_f64(g64, n, (data_shape_t)shape, s);
            data_fill_f64(r64, n, (data_shape_t)shape, s + 100);
            for (t = 0; t < table_count; t++) {
                spar_kernels_scalar.moments_f32(g32, r32, n, &expected);
                tables[t]->moments_f32(g32, r32, n, &result);
                assert_memory_equal(&result, &expected, sizeof(result));
                spar_kernels_scalar.moments_f32(g32, NULL, n, &expected);
                tables[t]->moments_f32(g32, NULL, n, &result);
                assert_memory_equal(&result, &expected, sizeof(result));
                spar_kernels_scalar.moments_f64(g64, r64, n, &expected);
                tables[t]->moments_f64(g64, r64, n, &result);
                assert_memory_equal(&result, &expected, sizeof(result));
            }
            free(g32);
            free(r32);
            free(g64);
            free(r64);
        }
    }
}

static double pairwise(double *values, size_t count)
{
    size_t half, i;

    for (half = count / 2; half > 0; half /= 2) {
        for (i = 0; i < half; i++) {
            values[i] += values[i + half];
        }
    }
    return values[0];
}

/* The definition (sparsify/kernels.h), element by element. */
static double sum_by_definition(const double *values, size_t n)
{
    static double slots[256], blocks[16], chunks[16];
    size_t i, lane;

    memset(slots, 0, sizeof(slots));
    for (i = 0; i < n; i++) {
        chunks[i % 16] = (i % 256 < 16 ? 0.0 : chunks[i % 16]) + values[i];
        if (i % 256 < 255 && i + 1 < n) {
            continue;
        }
        for (lane = 0; lane < 16; lane++) {
            /* Accumulators that the last chunk has not begun hold nothing. */
            double chunk = lane <= i % 256 ? chunks[lane] : 0.0;

            blocks[lane] = (i % 4096 < 256 ? 0.0 : blocks[lane]) + chunk;
        }
        if (i % 4096 == 4095 || i + 1 == n) {
            slots[i / 4096 % 256] += pairwise(blocks, 16);
        }
    }
    return pairwise(slots, 256);
}

/* Catches a change of the order of additions in all sets at once. */
static void moments_keep_their_order(void **state)
{
    const size_t counts[] = {7, 40, 300, 4096, 5000, 2 * 256 * 4096 + 4711};
    double *values = data_alloc(counts[5], sizeof(*values));
    spar_moments_t moments;
    size_t i;

    (void)state;
    data_fill_f64(values, counts[5], DATA_HEAVY, 3);
    for (i = 0; i < 6; i++) {
        spar_kernels_scalar.moments_f64(values, NULL, counts[i], &moments);
        assert_true(moments.sum == sum_by_definition(values, counts[i]));
    }
    free(values);
}

static void commits_agree(void **state)
{
    size_t s, t;

    (void)state;
    for (s = 0; s < SIZES; s++) {
        for (t = 0; t < table_count; t++) {
            size_t n = sizes[s], i;
            float *g = data_alloc(n, 4), *r = data_alloc(n, 4);
            float *out = data_alloc(n, 4), *sum = data_alloc(n, 4);
            double *g64 = data_alloc(n, 8), *r64 = data_alloc(n, 8);
            double *sum64 = data_alloc(n, 8);

            data_fill_f32(g, n, DATA_NORMAL, s);
            data_fill_f32(r, n, DATA_HEAVY, s + 1);
            data_fill_f64(g64, n, DATA_NORMAL, s);
            data_fill_f64(r64, n, DATA_HEAVY, s + 1);
            data_fill_f32(out, n, DATA_NORMAL, s);
            for (i = 0; i < n; i++) {
                sum[i] = g[i] + r[i];
                sum64[i] = g64[i] + r64[i];
            }
            tables[t]->commit_f32(r, g, out, n);
            tables[t]->commit_f64(r64, g64, g64, n);
            assert_memory_equal(r, sum, n * 4);
            assert_memory_equal(r64, sum64, n * 8);
            for (i = 0; i < n; i++) {
                assert_true(out[i] == 0.0f && !signbit(out[i]));
                assert_true(g64[i] == 0.0 && !signbit(g64[i]));
            }
            free(g);
            free(r);
            free(out);
            free(sum);
            free(g64);
            free(r64);
            free(sum64);
        }
    }
}

/* From anywhere, also where elements lie across two words. */
static void clears_end_where_they_are_to(void **state)
{
    unsigned char *room = data_alloc(1000 * 8 + 200, 1);
    size_t s, t, shift, i;

    (void)state;
    for (s = 0; s < SIZES; s++) {
        for (t = 0; t < table_count; t++) {
            for (shift = 0; shift < 100; shift += 1 + shift % 7) {
                for (size_t size = 4; size <= 8; size += 4) {
                    size_t bytes = sizes[s] * size;

                    memset(room, 0xa5, 1000 * 8 + 200);
                    if (size == 4) {
                        tables[t]->clear_f32((void *)(room + shift), sizes[s]);
                    } else {
                        tables[t]->clear_f64((void *)(room + shift), sizes[s]);
                    }
                    for (i = 0; i < 1000 * 8 + 200; i++) {
                        bool inside = i >= shift && i - shift < bytes;

                        assert_int_equal(room[i], inside ? 0 : 0xa5);
                    }
                }
            }
        }
    }
    free(room);
}

static void quantised_arrays_agree(void **state)
{
    static const spar_values_t types[] = {SPAR_VALUES_F32, SPAR_VALUES_BF16,
                                          SPAR_VALUES_FP16, SPAR_VALUES_INT8};
    unsigned char expected[5000], got[5000];
    float read[1000], sum[1000];
    const spar_kernels_t *scalar = &spar_kernels_scalar;

    (void)state;
    for (unsigned i = 0; i < DATA_SHAPES * SIZES * 4 * 2; i++) {
        data_shape_t shape = (data_shape_t)(i % DATA_SHAPES);
        size_t n = sizes[i / DATA_SHAPES % SIZES];
        spar_values_t type = types[i / DATA_SHAPES / SIZES % 4];
        uint64_t seed = i >= DATA_SHAPES * SIZES * 4 ? i : 0;
        float *array = data_f32(shape, n, i);

        for (size_t t = 0; t < table_count; t++) {
            memset(expected, 0xa5, sizeof(expected));
            memset(got, 0xa5, sizeof(got));
            scalar->quantise(type, array, n, seed, 3, expected);
            tables[t]->quantise(type, array, n, seed, 3, got);
            assert_memory_equal(got, expected, sizeof(got));
            scalar->quantise_get(type, got, n, read);
            memcpy(sum, read, n * sizeof(*sum));
            scalar->quantise_add(type, got, n, sum);
            for (size_t j = 0; j < n; j++) {
                assert_true(sum[j] == read[j] + read[j]);
            }
            tables[t]->quantise_get(type, got, n, sum);
            assert_memory_equal(sum, read, n * sizeof(*sum));
            scalar->quantise_add(type, got, n, read);
            tables[t]->quantise_add(type, got, n, sum);
            assert_memory_equal(sum, read, n * sizeof(*sum));
        }
        free(array);
    }
}

static void tables_are_chosen_by_name(void **state)
{
    (void)state;
    assert_int_equal(spar_kernels_use("scalar"), SPAR_OK);
    assert_string_equal(spar_kernels()->name, "scalar");
    assert_int_equal(spar_kernels_use("mmx"), SPAR_ERR_INVALID);
    assert_string_equal(spar_kernels()->name, "scalar");
    assert_null(spar_kernels_find("mmx"));
    assert_int_equal(spar_kernels_use("auto"), SPAR_OK);
    assert_ptr_equal(spar_kernels_find(spar_kernels()->name), spar_kernels());
}

static void tables_collect(void)
{
#ifdef SPAR_TEST_EMULATED
    tables[table_count++] = &spar_kernels_avx512;
#else
    const char *const names[] = {"scalar", "avx2", "avx512"};
    size_t i;

    for (i = 0; i < 3; i++) {
        if (spar_kernels_find(names[i]) != NULL) {
            tables[table_count++] = spar_kernels_find(names[i]);
        }
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_scan_follows_the_definition),
        cmocka_unit_test(scans_agree_on_all_shapes),
        cmocka_unit_test(nonfinite_is_seen_everywhere),
        cmocka_unit_test(moments_agree),
        cmocka_unit_test(moments_keep_their_order),
        cmocka_unit_test(commits_agree),
        cmocka_unit_test(clears_end_where_they_are_to),
        cmocka_unit_test(quantised_arrays_agree),
        cmocka_unit_test(tables_are_chosen_by_name),
    };

    tables_collect();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
