/*
 * Spar: is an unknown operation on 16-bit elements the sum of halves or of
 * bfloat16? It is tried on pairs whose sums tell these from sums of whole
 * numbers, maxima, means and whatever else is likely: all magnitudes up to
 * half of the largest half, near each other as either type, of both signs,
 * subnormal ones, zeros, ties of the rounding. No sum is beyond the largest
 * number, and none is not a number, so that nothing is raised.
 */
#ifndef SPAR_SPARSIFY_HALF_SUM_H
#define SPAR_SPARSIFY_HALF_SUM_H

#include "base/dtype.h"

#include <stdint.h>

/* Pairs; not a multiple of any vector's length. */
#define SPAR_HALF_SUM_PAIRS 2043

typedef struct spar_half_sum {
    uint16_t a[SPAR_HALF_SUM_PAIRS];
    uint16_t b[SPAR_HALF_SUM_PAIRS];
} spar_half_sum_t;

/* Always the same pairs. */
void spar_half_sum_fill(spar_half_sum_t *pairs);

/*
 * SPAR_DTYPE_F16 or _BF16 if each of `sums` is less than one unit in the last
 * place from the exact sum of its pair: rounded to the nearest, or cut off.
 * Subnormal bfloat16 may be taken for zero, as processors do that add them as
 * float32 in such a mode. SPAR_DTYPE_BITS16: neither.
 */
spar_dtype_t spar_half_sum_judge(const spar_half_sum_t *pairs,
                                 const uint16_t *sums);

#endif
