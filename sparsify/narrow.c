#include "sparsify/narrow.h"

#include "base/half.h"
#include "sparsify/kernels.h"

void spar_narrow_widen(spar_dtype_t dtype, const void *from, float *to,
                       size_t n)
{
    if (dtype == SPAR_DTYPE_F16) {
        spar_kernels()->widen_f16(from, to, n);
    } else {
        spar_kernels()->widen_bf16(from, to, n);
    }
}

void spar_narrow_round(spar_dtype_t dtype, const float *from, void *to,
                       size_t n)
{
    if (dtype == SPAR_DTYPE_F16) {
        spar_kernels()->narrow_f16(from, to, n);
    } else {
        spar_kernels()->narrow_bf16(from, to, n);
    }
}

bool spar_narrow_overflows(spar_dtype_t dtype, const float *from, size_t n)
{
    uint32_t limit =
        dtype == SPAR_DTYPE_F16 ? SPAR_HALF_OVERFLOW : SPAR_BF16_OVERFLOW;

    return spar_kernels()->largest_f32(from, n) >= limit;
}
