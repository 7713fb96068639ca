/*
 * Spar: how values travel. Rounding to fewer bits happens before the entries
 * are encoded, on the selection itself, so that what is settled with the
 * residual is what every rank decodes: the rounding error stays in the
 * residual, exactly.
 */
#ifndef SPAR_SPARSIFY_VALUES_H
#define SPAR_SPARSIFY_VALUES_H

#include "base/dtype.h"

#include <stddef.h>

/* The numbers are part of the wire block. */
typedef enum spar_values {
    SPAR_VALUES_F32 = 0,
    SPAR_VALUES_F64 = 1,
    SPAR_VALUES_BF16 =
        2 /* of float32: sign, 8 bits exponent, 7 bits fraction */
} spar_values_t;

/* Values that travel as they are. */
static inline spar_values_t spar_values_native(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? SPAR_VALUES_F64 : SPAR_VALUES_F32;
}

/* Type of the layer that such values belong to. */
static inline spar_dtype_t spar_values_dtype(spar_values_t values)
{
    return values == SPAR_VALUES_F64 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
}

/* Bytes of one value. */
static inline size_t spar_values_size(spar_values_t values)
{
    return values == SPAR_VALUES_F64 ? 8 : values == SPAR_VALUES_F32 ? 4 : 2;
}

/*
 * Rounds to the nearest value with a bfloat16 representation, ties to even;
 * a finite value that would round to infinity is cut off instead. The
 * difference to the original is exact in float32.
 */
void spar_values_round_bf16(float *values, size_t count);

#endif
