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
#include <stdint.h>

/* The numbers are part of the wire block. */
typedef enum spar_values {
    SPAR_VALUES_F32 = 0,
    SPAR_VALUES_F64 = 1,
    SPAR_VALUES_BF16 = 2 /* float32's sign, exponent, 7 bits of fraction */
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
 * Rounds float32 values to such with a bfloat16 representation; a finite value
 * is never rounded to infinity. The difference to the original is exact in
 * float32.
 *   seed 0      to the nearest one, ties to even
 *   otherwise   up or down, to each with the probability of its nearness, so
 *               that the mean is the value itself; (seed, place in the array)
 *               decides
 */
void spar_values_round_bf16(float *values, size_t count, uint64_t seed);

#endif
