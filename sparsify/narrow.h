/*
 * Spar: buffers of 16-bit floats (SPAR_DTYPE_F16, SPAR_DTYPE_BF16) and the
 * float32 arrays that they are summed in. Buffers may lie at any address, also
 * at an odd one; `n` is in elements. The same bits on every processor.
 */
#ifndef SPAR_SPARSIFY_NARROW_H
#define SPAR_SPARSIFY_NARROW_H

#include "base/dtype.h"

/* Exact. */
void spar_narrow_widen(spar_dtype_t dtype, const void *from, float *to,
                       size_t n);
/* To the nearest, ties to even; too large a number becomes infinite. */
void spar_narrow_round(spar_dtype_t dtype, const float *from, void *to,
                       size_t n);
/* Whether any element would become infinite, or is not finite itself. */
bool spar_narrow_overflows(spar_dtype_t dtype, const float *from, size_t n);

#endif
