#include "sparsify/kernels_internal.h"
#include "sparsify/selectors.h"

#include <math.h>

/* Bisection needs nothing but libm's erfc, and its microseconds vanish beside a
 * sweep. */
double spar_select_gaussian_quantile(double share)
{
    double low = 0.0;
    double high = 40.0;
    double middle = 0.5 * (low + high);

    while (middle > low && middle < high) {
        if (erfc(middle / sqrt(2.0)) > share) {
            low = middle;
        } else {
            high = middle;
        }
        middle = 0.5 * (low + high);
    }
    return middle;
}

static size_t count_above(const spar_layer_t *layer, double threshold)
{
    const spar_kernels_t *kernels = spar_kernels();

    return layer->dtype == SPAR_DTYPE_F64
               ? kernels->count_f64(layer->gradient, layer->residual, layer->n,
                                    threshold)
               : kernels->count_f32(layer->gradient, layer->residual, layer->n,
                                    (float)threshold);
}

static double first_threshold(const spar_layer_t *layer, size_t k)
{
    const spar_kernels_t *kernels = spar_kernels();
    double n = (double)layer->n;
    spar_moments_t moments;
    double mean, variance;

    if (layer->dtype == SPAR_DTYPE_F64) {
        kernels->moments_f64(layer->gradient, layer->residual, layer->n,
                             &moments);
    } else {
        kernels->moments_f32(layer->gradient, layer->residual, layer->n,
                             &moments);
    }
    mean = moments.sum / n;
    /* Unbiased, as in the released code; rounding can make it negative. */
    variance = n > 1.0 ? (moments.sum2 - n * mean * mean) / (n - 1.0) : 0.0;
    if (variance < 0.0) {
        variance = 0.0;
    }
    return mean + spar_select_gaussian_quantile((double)k / n) * sqrt(variance);
}

/* *expected_p is the count at the result, if it is known. */
static double refine(const spar_layer_t *layer, double threshold, size_t k,
                     unsigned *passes, size_t *expected_p)
{
    int i;

    for (i = 0; i < SPAR_GAUSSIAN_REFINEMENTS; i++) {
        size_t count = count_above(layer, threshold);

        (*passes)++;
        if (3.0 * (double)count < 2.0 * (double)k) {
            threshold *= 0.5;
        } else if (3.0 * (double)count > 4.0 * (double)k) {
            threshold *= 1.5;
        } else {
            *expected_p = count;
            break;
        }
    }
    return threshold;
}

spar_status_t spar_select_gaussian(spar_selector_t *selector,
                                   const spar_layer_t *layer, size_t k,
                                   spar_selection_t *selection)
{
    double threshold = first_threshold(layer, k);
    /* Where the moments overflow, nothing is above the threshold. */
    uint64_t floor = spar_sweep_key(layer, INFINITY);
    size_t expected = k;
    spar_status_t status;

    selection->passes++;
    if (isfinite(threshold)) {
        /* A strongly negative mean gives a negative threshold, which every
         * element passes. */
        threshold = threshold > 0.0 ? threshold : 0.0;
        threshold = refine(layer, threshold, k, &selection->passes, &expected);
        if (spar_sweep_key(layer, threshold) < floor) {
            /* Strictly above. */
            floor = spar_sweep_key(layer, threshold) + 1;
        }
    }
    status = spar_sweep_all(layer, floor, expected, selection);
    if (status == SPAR_OK && !selection->nonfinite) {
        selector->threshold = threshold;
    }
    return status;
}
