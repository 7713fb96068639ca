/* Every selector against a reference that sorts, on many shapes. */
#include "tests/unit/select_data.h"

#include "sparsify/selector.h"

typedef struct entry {
    uint32_t index;
    double value;
} entry_t;

static int by_magnitude(const void *left, const void *right)
{
    const entry_t *a = left, *b = right;

    if (fabs(a->value) != fabs(b->value)) {
        return fabs(a->value) > fabs(b->value) ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

static int by_index(const void *left, const void *right)
{
    const entry_t *a = left, *b = right;

    return a->index < b->index ? -1 : 1;
}

/* A layer in both types: f64 holds the same sums as f32 would. */
typedef struct layer {
    spar_dtype_t dtype;
    size_t n;
    void *gradient;
    void *residual;
    entry_t *sums;
} layer_t;

static layer_t layer_make(spar_dtype_t dtype, size_t n, data_shape_t shape,
                          uint64_t seed)
{
    layer_t layer = {dtype, n, NULL, NULL, NULL};
    size_t i;

    layer.gradient = data_alloc(n, spar_dtype_size(dtype));
    layer.residual = data_alloc(n, spar_dtype_size(dtype));
    layer.sums = data_alloc(n, sizeof(entry_t));
    if (dtype == SPAR_DTYPE_F64) {
        data_fill_f64(layer.gradient, n, shape, seed);
        data_fill_f64(layer.residual, n, shape, seed + 77);
    } else {
        data_fill_f32(layer.gradient, n, shape, seed);
        data_fill_f32(layer.residual, n, shape, seed + 77);
    }
    if (shape == DATA_SPARSE || shape == DATA_EQUAL || shape == DATA_RISING) {
        memset(layer.residual, 0, n * spar_dtype_size(dtype));
    }
    for (i = 0; i < n; i++) {
        layer.sums[i].index = (uint32_t)i;
        if (dtype == SPAR_DTYPE_F64) {
            layer.sums[i].value =
                ((double *)layer.gradient)[i] + ((double *)layer.residual)[i];
        } else {
            float sum =
                ((float *)layer.gradient)[i] + ((float *)layer.residual)[i];

            layer.sums[i].value = (double)sum;
        }
    }
    return layer;
}

static void layer_free(layer_t *layer)
{
    free(layer->gradient);
    free(layer->residual);
    free(layer->sums);
}

/* Number of reference entries: the k largest of the non-zero ones. */
static size_t reference_topk(layer_t *layer, size_t k)
{
    size_t nonzero = 0;

    qsort(layer->sums, layer->n, sizeof(entry_t), by_magnitude);
    while (nonzero < layer->n && layer->sums[nonzero].value != 0.0) {
        nonzero++;
    }
    k = k < nonzero ? k : nonzero;
    qsort(layer->sums, k, sizeof(entry_t), by_index);
    return k;
}

static double value_at(const spar_selection_t *selection, size_t i)
{
    return selection->dtype == SPAR_DTYPE_F64
               ? ((double *)selection->values)[i]
               : (double)((float *)selection->values)[i];
}

static void selection_compare(const spar_selection_t *selection,
                              const entry_t *expected, size_t count)
{
    size_t i;

    assert_false(selection->nonfinite);
    assert_int_equal(selection->count, count);
    for (i = 0; i < count; i++) {
        assert_int_equal(selection->indices[i], expected[i].index);
        assert_true(value_at(selection, i) == expected[i].value);
    }
}

static void kinds_check(layer_t *layer, size_t k, double guess)
{
    const spar_selector_kind_t kinds[] = {SPAR_SELECT_EXACT, SPAR_SELECT_TOPK,
                                          SPAR_SELECT_NONZERO};
    size_t i;

    for (i = 0; i < 3; i++) {
        spar_selection_t selection;
        spar_selector_t selector;
        bool all = kinds[i] == SPAR_SELECT_NONZERO;
        size_t count = reference_topk(layer, all ? layer->n : k);

        spar_selection_init(&selection);
        spar_selector_init(&selector, kinds[i], layer->dtype, layer->n);
        selector.threshold = guess;
        selector.last_k = guess > 0.0 ? k : 0;
        assert_int_equal(spar_selector_run(&selector, layer->gradient,
                                           layer->residual, k, &selection),
                         SPAR_OK);
        selection_compare(&selection, layer->sums, count);
        assert_int_equal(selection.dtype, layer->dtype);
        assert_in_range(selection.passes, 1, 2);
        spar_selection_cleanup(&selection);
    }
}

static void every_shape_matches_the_sort(void **state)
{
    static const size_t sizes[] = {1, 2, 31, 64, 100, 5000, 30011};
    size_t s;
    int shape, dtype;

    (void)state;
    for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (shape = 0; shape < DATA_SHAPES; shape++) {
            for (dtype = 0; dtype < 2; dtype++) {
                size_t n = sizes[s];
                layer_t layer =
                    layer_make((spar_dtype_t)dtype, n, (data_shape_t)shape, s);

                kinds_check(&layer, 1, 0.0);
                kinds_check(&layer, n, 0.0);
                kinds_check(&layer, (n + 999) / 1000, 0.0);
                kinds_check(&layer, (n + 3) / 4, 0.0);
                kinds_check(&layer, (n + 3) / 4, 1.0);
                layer_free(&layer);
            }
        }
    }
}

/* Whatever the last threshold was, the result is the same. */
static void guess_never_changes_the_result(void **state)
{
    const double guesses[] = {1e-300, 1e-30, 0.1, 2.0, 3.0, 4.0, 1e30, 1e300};
    layer_t layer = layer_make(SPAR_DTYPE_F32, 30011, DATA_NORMAL, 5);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
        kinds_check(&layer, 300, guesses[i]);
    }
    layer_free(&layer);
}

/* The worst order for the pruning: each element is a candidate. */
static void rising_layer_prunes_many_times(void **state)
{
    layer_t layer = layer_make(SPAR_DTYPE_F32, 200000, DATA_RISING, 5);

    (void)state;
    kinds_check(&layer, 10, 0.0);
    kinds_check(&layer, 20000, 0.0);
    layer_free(&layer);
}

/* What the selector remembers depends on the values alone, not on their order:
 * the scratch is pruned more often where large values come last. */
static void gap_counts_the_candidates(void **state)
{
    /* Candidates of k = 3000 among 0, 1, ... 99999, and the next gap. */
    static const struct {
        double threshold, gap, expected;
    } cases[] = {{98500.0, 0.001, 0.002},      /* too few */
                 {97000.0, 0.005, 0.005},      /* 1.2 k */
                 {97000.0, 0.03, 0.03 * 0.99}, /* 2.0 k */
                 {97000.0, 0.08, 0.08 * 0.99}, /* 3.6 k */
                 {97000.0, 0.1, 0.1 * 0.8},    /* 4.2 k */
                 {97000.0, 0.5, 0.5 * 0.8}};
    const size_t n = 100000, k = 3000;
    float *values = data_alloc(n, sizeof(*values));
    size_t c, i;
    int rising;

    (void)state;
    for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        for (rising = 0; rising < 2; rising++) {
            spar_selector_t selector;
            spar_selection_t selection;

            for (i = 0; i < n; i++) {
                values[i] = (float)(rising ? i : n - 1 - i);
            }
            spar_selection_init(&selection);
            spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, n);
            selector.threshold = cases[c].threshold;
            selector.last_k = k;
            selector.gap = cases[c].gap;
            assert_int_equal(
                spar_selector_run(&selector, values, NULL, k, &selection),
                SPAR_OK);
            assert_true(selector.gap == cases[c].expected);
            assert_true(selector.threshold == (double)(n - k));
            spar_selection_cleanup(&selection);
        }
    }
    free(values);
}

static void without_residual_the_gradient_counts(void **state)
{
    layer_t layer = layer_make(SPAR_DTYPE_F32, 9000, DATA_NORMAL, 6);
    spar_selector_t selector;
    spar_selection_t selection;
    size_t i;

    (void)state;
    for (i = 0; i < layer.n; i++) {
        layer.sums[i].value = (double)((float *)layer.gradient)[i];
    }
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, layer.n);
    assert_int_equal(
        spar_selector_run(&selector, layer.gradient, NULL, 90, &selection),
        SPAR_OK);
    selection_compare(&selection, layer.sums, reference_topk(&layer, 90));
    spar_selection_cleanup(&selection);
    layer_free(&layer);
}

static void nonfinite_is_flagged_by_every_kind(void **state)
{
    const size_t places[] = {0, 4999, 9999};
    const float bad[] = {NAN, INFINITY, -INFINITY};
    size_t p;
    int kind;

    (void)state;
    for (kind = SPAR_SELECT_EXACT; kind <= SPAR_SELECT_NONZERO; kind++) {
        for (p = 0; p < 3; p++) {
            layer_t layer = layer_make(SPAR_DTYPE_F32, 10000, DATA_NORMAL, 8);
            spar_selector_t selector;
            spar_selection_t selection;

            spar_selection_init(&selection);
            spar_selector_init(&selector, (spar_selector_kind_t)kind,
                               SPAR_DTYPE_F32, layer.n);
            selector.threshold = 2.5;
            selector.last_k = 10;
            ((float *)layer.gradient)[places[p]] = bad[p];
            assert_int_equal(spar_selector_run(&selector, layer.gradient,
                                               layer.residual, 10, &selection),
                             SPAR_OK);
            assert_true(selection.nonfinite);
            assert_true(selector.threshold == 2.5);
            /* A diverged layer must not make the scratch grow to its size. */
            assert_true(selection.capacity < 5000);
            ((float *)layer.gradient)[places[p]] = 0.0f;
            assert_int_equal(spar_selector_run(&selector, layer.gradient,
                                               layer.residual, 10, &selection),
                             SPAR_OK);
            assert_false(selection.nonfinite);
            spar_selection_cleanup(&selection);
            layer_free(&layer);
        }
    }
}

static void scratch_stays_small(void **state)
{
    layer_t layer = layer_make(SPAR_DTYPE_F32, 1000000, DATA_NORMAL, 9);
    spar_selector_t selector;
    spar_selection_t selection;

    (void)state;
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, layer.n);
    assert_int_equal(spar_selector_run(&selector, layer.gradient,
                                       layer.residual, 10000, &selection),
                     SPAR_OK);
    assert_true(selection.capacity <= 20000);
    spar_selection_cleanup(&selection);
    layer_free(&layer);
}

static void wrong_arguments_are_refused(void **state)
{
    float gradient[4] = {1, 2, 3, 4};
    float sum[4];
    spar_selector_t selector;
    spar_selection_t selection;

    (void)state;
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, 4);
    assert_int_equal(
        spar_selector_run(&selector, gradient, NULL, 0, &selection),
        SPAR_ERR_INVALID);
    assert_int_equal(
        spar_selector_run(&selector, gradient, NULL, 5, &selection),
        SPAR_ERR_INVALID);
    assert_int_equal(
        spar_selector_run_sum(&selector, gradient, NULL, 5, &selection, sum),
        SPAR_ERR_INVALID);
    spar_selector_init(&selector, SPAR_SELECT_TOPK, SPAR_DTYPE_F32, 4);
    assert_int_equal(
        spar_selector_run_sum(&selector, gradient, NULL, 1, &selection, sum),
        SPAR_ERR_INVALID);
    assert_int_equal(
        spar_selection_reserve(&selection, SPAR_DTYPE_F32, SIZE_MAX / 2),
        SPAR_ERR_NO_MEMORY);
    assert_int_equal(selection.capacity, 0);
    assert_null(selection.indices);
    spar_selection_cleanup(&selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_matches_the_sort),
        cmocka_unit_test(guess_never_changes_the_result),
        cmocka_unit_test(rising_layer_prunes_many_times),
        cmocka_unit_test(gap_counts_the_candidates),
        cmocka_unit_test(without_residual_the_gradient_counts),
        cmocka_unit_test(nonfinite_is_flagged_by_every_kind),
        cmocka_unit_test(scratch_stays_small),
        cmocka_unit_test(wrong_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
