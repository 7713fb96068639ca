#include "sparsify/residual.h"

#include "sparsify/kernels.h"

#include <float.h>
#include <math.h>

static void *element(void *array, size_t index, size_t size)
{
    return array == NULL ? NULL : (char *)array + index * size;
}

void spar_residual_commit(spar_dtype_t dtype, void *residual,
                          const void *gradient, void *out, size_t begin,
                          size_t end)
{
    const spar_kernels_t *kernels = spar_kernels();
    size_t size = spar_dtype_size(dtype);
    const void *from = (const char *)gradient + begin * size;

    if (begin >= end) {
        return;
    }
    if (dtype == SPAR_DTYPE_F64) {
        kernels->commit_f64(element(residual, begin, size), from,
                            element(out, begin, size), end - begin);
    } else {
        kernels->commit_f32(element(residual, begin, size), from,
                            element(out, begin, size), end - begin);
    }
}

void spar_residual_clear_out(spar_dtype_t dtype, void *out, size_t begin,
                             size_t end)
{
    const spar_kernels_t *kernels = spar_kernels();

    if (begin >= end) {
        return;
    }
    if (dtype == SPAR_DTYPE_F64) {
        kernels->clear_f64((double *)out + begin, end - begin);
    } else {
        kernels->clear_f32((float *)out + begin, end - begin);
    }
}

/* Subtracts instead of clearing, so that conservation also holds for values
 * that were rounded before they travelled: the difference of a value and its
 * rounding to fewer bits is exact. */
void spar_residual_settle(void *residual, const spar_selection_t *sent)
{
    size_t i;

    if (sent->dtype == SPAR_DTYPE_F64) {
        const double *values = sent->values;
        double *to = residual;

        for (i = 0; i < sent->count; i++) {
            to[sent->indices[i]] -= values[i];
        }
    } else {
        const float *values = sent->values;
        float *to = residual;

        for (i = 0; i < sent->count; i++) {
            to[sent->indices[i]] -= values[i];
        }
    }
}

bool spar_residual_has_room(spar_dtype_t dtype, const void *residual, size_t n,
                            int exponent)
{
    const spar_kernels_t *kernels = spar_kernels();

    return dtype == SPAR_DTYPE_F64
               ? kernels->count_f64(residual, NULL, n,
                                    ldexp(DBL_MAX, -exponent)) == 0
               : kernels->count_f32(residual, NULL, n,
                                    ldexpf(FLT_MAX, -exponent)) == 0;
}

void spar_residual_rescale(spar_dtype_t dtype, void *residual, size_t n,
                           int exponent)
{
    if (dtype == SPAR_DTYPE_F64) {
        double *values = residual;
        double factor = ldexp(1, exponent);

        for (size_t i = 0; i < n; i++) {
            values[i] *= factor;
        }
    } else {
        float *values = residual;
        float factor = ldexpf(1, exponent);

        for (size_t i = 0; i < n; i++) {
            values[i] *= factor;
        }
    }
}

static double sum_of_squares(spar_dtype_t dtype, const void *values,
                             const void *more, size_t n)
{
    spar_moments_t moments = {0.0, 0.0};

    if (dtype == SPAR_DTYPE_F64) {
        spar_kernels()->moments_f64(values, more, n, &moments);
    } else {
        spar_kernels()->moments_f32(values, more, n, &moments);
    }
    return moments.sum2;
}

bool spar_residual_is_finite(spar_dtype_t dtype, const void *residual,
                             const void *gradient, size_t n)
{
    return isfinite(sum_of_squares(dtype, gradient, residual, n));
}

double spar_residual_norm2(spar_dtype_t dtype, const void *residual, size_t n)
{
    return sum_of_squares(dtype, residual, NULL, n);
}
