/* Conservation: what is sent and what stays make up the whole, to the bit. */
#include "tests/unit/select_data.h"

#include "sparsify/residual.h"
#include "sparsify/selector.h"

#include <float.h>
#include <math.h>

#define N 5003

static void select_some(spar_dtype_t dtype, const void *gradient,
                        const void *residual, spar_selection_t *selection)
{
    spar_selector_t selector;

    spar_selection_init(selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, dtype, N);
    assert_int_equal(
        spar_selector_run(&selector, gradient, residual, 100, selection),
        SPAR_OK);
    assert_int_equal(selection->count, 100);
}

static void conserved_f32(bool rounded, data_shape_t shape)
{
    float *g = data_alloc(N, 4), *r = data_alloc(N, 4);
    float *acc = data_alloc(N, 4), *decoded = data_alloc(N, 4);
    spar_selection_t sent;
    size_t i;

    data_fill_f32(g, N, shape, 1);
    data_fill_f32(r, N, shape, 2);
    for (i = 0; i < N; i++) {
        acc[i] = g[i] + r[i];
        decoded[i] = 0.0f;
    }
    select_some(SPAR_DTYPE_F32, g, r, &sent);
    spar_selection_round(&sent, rounded ? SPAR_VALUES_BF16 : SPAR_VALUES_F32,
                         0);
    for (i = 0; i < sent.count; i++) {
        decoded[sent.indices[i]] += ((float *)sent.values)[i];
    }
    spar_residual_commit(SPAR_DTYPE_F32, r, g, NULL, 0, N);
    spar_residual_settle(r, &sent);
    for (i = 0; i < N; i++) {
        assert_true(decoded[i] + r[i] == acc[i]);
        assert_true(rounded || decoded[i] == 0.0f || r[i] == 0.0f);
    }
    spar_selection_cleanup(&sent);
    free(g);
    free(r);
    free(acc);
    free(decoded);
}

static void conserved_f64(data_shape_t shape)
{
    double *g = data_alloc(N, 8), *r = data_alloc(N, 8);
    double *acc = data_alloc(N, 8), *decoded = data_alloc(N, 8);
    spar_selection_t sent;
    size_t i;

    data_fill_f64(g, N, shape, 1);
    data_fill_f64(r, N, shape, 2);
    for (i = 0; i < N; i++) {
        acc[i] = g[i] + r[i];
        decoded[i] = 0.0;
    }
    select_some(SPAR_DTYPE_F64, g, r, &sent);
    for (i = 0; i < sent.count; i++) {
        decoded[sent.indices[i]] += ((double *)sent.values)[i];
    }
    spar_residual_commit(SPAR_DTYPE_F64, r, g, g, 0, N);
    spar_residual_settle(r, &sent);
    for (i = 0; i < N; i++) {
        assert_true(decoded[i] + r[i] == acc[i]);
        assert_true(g[i] == 0.0);
    }
    spar_selection_cleanup(&sent);
    free(g);
    free(r);
    free(acc);
    free(decoded);
}

static void nothing_is_lost(void **state)
{
    const data_shape_t shapes[] = {DATA_NORMAL, DATA_HEAVY, DATA_DENORMAL,
                                   DATA_HUGE};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        conserved_f32(false, shapes[i]);
        conserved_f64(shapes[i]);
    }
    conserved_f32(true, DATA_NORMAL);
    conserved_f32(true, DATA_HEAVY);
}

/* In pieces of any size, in place or not, the result is the same. */
static void pieces_make_the_whole(void **state)
{
    const size_t pieces[] = {1, 7, 64, 1000, N};
    float *g = data_alloc(N, 4), *r = data_alloc(N, 4);
    float *whole = data_alloc(N, 4), *out = data_alloc(N, 4);
    size_t p, begin, i;

    (void)state;
    for (p = 0; p < 10; p++) {
        float *to = p % 2 == 0 ? g : out;
        size_t piece = pieces[p / 2];

        data_fill_f32(g, N, DATA_NORMAL, p);
        data_fill_f32(r, N, DATA_HEAVY, p + 1);
        data_fill_f32(out, N, DATA_NORMAL, p + 2);
        for (i = 0; i < N; i++) {
            whole[i] = g[i] + r[i];
        }
        for (begin = 0; begin < N; begin += piece) {
            size_t end = begin + piece < N ? begin + piece : N;

            spar_residual_commit(SPAR_DTYPE_F32, r, g, to, begin, end);
            assert_true(end == N || to[end] != 0.0f);
        }
        assert_memory_equal(r, whole, N * 4);
        for (i = 0; i < N; i++) {
            assert_true(to[i] == 0.0f);
        }
    }
    free(g);
    free(r);
    free(whole);
    free(out);
}

static void empty_range_touches_nothing(void **state)
{
    float r = 1.0f, g = 2.0f;

    (void)state;
    spar_residual_commit(SPAR_DTYPE_F32, &r, &g, &g, 1, 1);
    assert_true(r == 1.0f && g == 2.0f);
}

static void norm_is_the_sum_of_squares(void **state)
{
    const float r[3] = {1.0f, -2.0f, 3.0f};
    const double r64[3] = {1e150, 0.0, 0.0};

    (void)state;
    assert_true(spar_residual_norm2(SPAR_DTYPE_F32, r, 3) == 14.0);
    assert_true(spar_residual_norm2(SPAR_DTYPE_F64, r64, 3) == 1e150 * 1e150);
    assert_true(spar_residual_norm2(SPAR_DTYPE_F32, r, 0) == 0.0);
}

static void bf16_is_the_nearest(void **state)
{
    /* value, nearest: ties go to the even one, huge values do not overflow */
    static const float cases[][2] = {
        {1.0f, 1.0f},
        {1.00390625f, 1.0f},      /* halfway between 1 and 1 + 2^-7 */
        {1.01171875f, 1.015625f}, /* halfway, the other way */
        {1.005f, 1.0078125f},
        {-3.14159f, -3.140625f},
        {0.0f, 0.0f},
        {3.4028234e38f, 3.3895314e38f},
        {-3.4028234e38f, -3.3895314e38f}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float value = cases[i][0];

        spar_values_round(SPAR_VALUES_BF16, &value, 1, 0);
        assert_true(value == cases[i][1]);
    }
}

static void rescaling_is_exact_f32(int exponent)
{
    float *r = data_alloc(N, 4), *before = data_alloc(N, 4);

    data_fill_f32(r, N, DATA_NORMAL, 3);
    memcpy(before, r, N * sizeof(*r));
    spar_residual_rescale(SPAR_DTYPE_F32, r, N, exponent);
    for (size_t i = 0; i < N; i++) {
        assert_true(r[i] == ldexpf(before[i], exponent));
    }
    spar_residual_rescale(SPAR_DTYPE_F32, r, N, -exponent);
    assert_memory_equal(r, before, N * sizeof(*r));
    free(r);
    free(before);
}

static void rescaling_is_exact_f64(int exponent)
{
    double *r = data_alloc(N, 8), *before = data_alloc(N, 8);

    data_fill_f64(r, N, DATA_NORMAL, 3);
    memcpy(before, r, N * sizeof(*r));
    spar_residual_rescale(SPAR_DTYPE_F64, r, N, exponent);
    for (size_t i = 0; i < N; i++) {
        assert_true(r[i] == ldexp(before[i], exponent));
    }
    spar_residual_rescale(SPAR_DTYPE_F64, r, N, -exponent);
    assert_memory_equal(r, before, N * sizeof(*r));
    free(r);
    free(before);
}

static void rescaling_is_exact(void **state)
{
    (void)state;
    for (int exponent = -16; exponent <= 16; exponent++) {
        rescaling_is_exact_f32(exponent);
        rescaling_is_exact_f64(exponent);
    }
}

/* Half of the smallest number is all that is ever lost. */
static void what_becomes_too_small_is_rounded(void **state)
{
    float least = ldexpf(1, -149);
    float r[] = {3 * least, -5 * least, 6 * least, least};

    (void)state;
    spar_residual_rescale(SPAR_DTYPE_F32, r, 4, -1);
    assert_true(r[0] == 2 * least && r[1] == -2 * least);
    assert_true(r[2] == 3 * least && r[3] == 0);
}

static void there_is_room_until_it_would_overflow(void **state)
{
    float narrow[70] = {0};
    double wide[70] = {0};

    (void)state;
    narrow[69] = ldexpf(-FLT_MAX, -16);
    wide[0] = ldexp(DBL_MAX, -16);
    assert_true(spar_residual_has_room(SPAR_DTYPE_F32, narrow, 70, 16));
    assert_true(spar_residual_has_room(SPAR_DTYPE_F64, wide, 70, 16));
    narrow[69] *= 1.001f;
    wide[0] *= 1.001;
    assert_false(spar_residual_has_room(SPAR_DTYPE_F32, narrow, 70, 16));
    assert_false(spar_residual_has_room(SPAR_DTYPE_F64, wide, 70, 16));
    assert_true(spar_residual_has_room(SPAR_DTYPE_F32, narrow, 70, 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bf16_is_the_nearest),
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(pieces_make_the_whole),
        cmocka_unit_test(empty_range_touches_nothing),
        cmocka_unit_test(norm_is_the_sum_of_squares),
        cmocka_unit_test(rescaling_is_exact),
        cmocka_unit_test(what_becomes_too_small_is_rounded),
        cmocka_unit_test(there_is_room_until_it_would_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
