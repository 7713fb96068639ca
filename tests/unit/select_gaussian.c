/* The Gaussian selector against the published algorithm, written down
 * straightforwardly (Shi et al., arXiv 1911.08772, algorithm 1). */
#include "tests/unit/select_data.h"

#include "sparsify/selector.h"

/* Normal quantiles at 1 - density / 2, from tables. */
typedef struct quantile {
    double density;
    double z;
} quantile_t;

static const quantile_t quantiles[] = {
    {0.1, 1.6448536269514722},   {0.05, 1.959963984540054},
    {0.01, 2.5758293035489004},  {0.005, 2.807033768343811},
    {0.001, 3.2905267314919255}, {1.0, 0.0},
    {0.5, 0.6744897501960817},
};

static size_t above(const float *acc, size_t n, double threshold)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        count += fabsf(acc[i]) > (float)threshold;
    }
    return count;
}

static double reference_threshold(const float *acc, size_t n, size_t k,
                                  double z, int *refinements_p)
{
    double mean = 0.0, variance = 0.0, threshold;
    int loop;
    size_t i;

    for (i = 0; i < n; i++) {
        mean += (double)acc[i] / (double)n;
    }
    for (i = 0; i < n; i++) {
        variance += ((double)acc[i] - mean) * ((double)acc[i] - mean);
    }
    threshold = mean + z * sqrt(variance / (double)(n - 1));
    for (loop = 0; loop < 4; loop++) {
        double count = (double)above(acc, n, threshold);

        if (count < 2.0 * (double)k / 3.0) {
            threshold *= 0.5;
        } else if (count > 4.0 * (double)k / 3.0) {
            threshold *= 1.5;
        } else {
            break;
        }
    }
    *refinements_p = loop;
    return threshold;
}

static int compare_run(const float *gradient, const float *residual, size_t n,
                       const quantile_t *quantile)
{
    size_t k = (size_t)(quantile->density * (double)n + 0.5);
    float *acc = data_alloc(n, sizeof(float));
    spar_selector_t selector;
    spar_selection_t selection;
    double threshold;
    int refinements;
    size_t i, at = 0;

    for (i = 0; i < n; i++) {
        acc[i] = gradient[i] + residual[i];
    }
    threshold = reference_threshold(acc, n, k, quantile->z, &refinements);
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_GAUSSIAN, SPAR_DTYPE_F32, n);
    assert_int_equal(
        spar_selector_run(&selector, gradient, residual, k, &selection),
        SPAR_OK);
    assert_true(fabs(selector.threshold - threshold) <=
                1e-9 * fabs(threshold) + 1e-300);
    for (i = 0; i < n; i++) {
        if (fabsf(acc[i]) > (float)selector.threshold) {
            assert_true(at < selection.count);
            assert_int_equal(selection.indices[at], i);
            assert_true(((float *)selection.values)[at] == acc[i]);
            at++;
        }
    }
    assert_int_equal(at, selection.count);
    spar_selection_cleanup(&selection);
    free(acc);
    return refinements;
}

static void matches_the_published_algorithm(void **state)
{
    size_t n = 20000;
    float *gradient = data_alloc(n, sizeof(float));
    float *residual = data_alloc(n, sizeof(float));
    int seen[5] = {0};
    size_t q;
    int shape;

    (void)state;
    for (shape = 0; shape < DATA_SHAPES; shape++) {
        data_fill_f32(gradient, n, (data_shape_t)shape, 11);
        data_fill_f32(residual, n, (data_shape_t)shape, 12);
        if (shape == DATA_ZERO || shape == DATA_EQUAL) {
            continue;
        }
        for (q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
            if (quantiles[q].density < 1.0) {
                seen[compare_run(gradient, residual, n, &quantiles[q])]++;
            }
        }
    }
    /* No refinement, some, and all four of them have been compared. */
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[4] > 0);
    free(gradient);
    free(residual);
}

/* The mean is signed and moves the threshold, as published. */
static void mean_moves_the_threshold(void **state)
{
    size_t n = 20000;
    float *gradient = data_alloc(n, sizeof(float));
    float *residual = data_alloc(n, sizeof(float));
    size_t i;

    (void)state;
    data_fill_f32(gradient, n, DATA_NORMAL, 13);
    for (i = 0; i < n; i++) {
        residual[i] = 0.5f;
    }
    compare_run(gradient, residual, n, &quantiles[2]);
    for (i = 0; i < n; i++) {
        residual[i] = -0.5f;
    }
    compare_run(gradient, residual, n, &quantiles[2]);
    free(gradient);
    free(residual);
}

/* Layers on which mean and deviation say nothing: no crash, nothing lost. */
static void degenerate_layers_are_taken(void **state)
{
    const float layers[][4] = {{0, 0, 0, 0},
                               {2, 2, 2, 2},
                               {-9, -9, -9, -9},
                               {FLT_MAX, -FLT_MAX, FLT_MAX, -FLT_MAX}};
    size_t n, l;

    (void)state;
    for (l = 0; l < 4; l++) {
        for (n = 1; n <= 4; n++) {
            spar_selector_t selector;
            spar_selection_t selection;
            size_t k, i;

            for (k = 1; k <= n; k++) {
                spar_selection_init(&selection);
                spar_selector_init(&selector, SPAR_SELECT_GAUSSIAN,
                                   SPAR_DTYPE_F32, n);
                assert_int_equal(spar_selector_run(&selector, layers[l], NULL,
                                                   k, &selection),
                                 SPAR_OK);
                assert_false(selection.nonfinite);
                assert_true(selection.count <= n);
                for (i = 0; i < selection.count; i++) {
                    assert_true(((float *)selection.values)[i] ==
                                layers[l][selection.indices[i]]);
                }
                spar_selection_cleanup(&selection);
            }
        }
    }
}

/* Where the squares overflow, finite values must not be called infinite. */
static void overflowing_moments_are_no_infinity(void **state)
{
    double layer[100];
    spar_selector_t selector;
    spar_selection_t selection;

    (void)state;
    data_fill_f64(layer, 100, DATA_HUGE, 1);
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_GAUSSIAN, SPAR_DTYPE_F64, 100);
    assert_int_equal(spar_selector_run(&selector, layer, NULL, 10, &selection),
                     SPAR_OK);
    assert_false(selection.nonfinite);
    layer[50] = INFINITY;
    assert_int_equal(spar_selector_run(&selector, layer, NULL, 10, &selection),
                     SPAR_OK);
    assert_true(selection.nonfinite);
    spar_selection_cleanup(&selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_published_algorithm),
        cmocka_unit_test(mean_moves_the_threshold),
        cmocka_unit_test(degenerate_layers_are_taken),
        cmocka_unit_test(overflowing_moments_are_no_infinity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
