/*
 * Spar: how values travel. Rounding to fewer bits happens before the entries
 * are encoded, on the selection itself, so that what is settled with the
 * residual is what every rank decodes: the rounding error stays in the
 * residual, exactly.
 *
 * FP16 and INT8 are scaled by a power of two per group: 64 entries that
 * follow each other in the selection. The scale is the least, within limits,
 * with which no value of the group exceeds 65504 or 127. So the values of any
 * part of a group, which are multiples of its scale or of powers of two above
 * it, can be written exactly with the scale that is the least for that part:
 * the scales need not be stored with the selection.
 */
#ifndef SPAR_SPARSIFY_VALUES_H
#define SPAR_SPARSIFY_VALUES_H

#include "base/device.h"
#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are part of the wire block. */
typedef enum spar_values {
    SPAR_VALUES_F32 = 0,
    SPAR_VALUES_F64 = 1,
    SPAR_VALUES_BF16 = 2, /* float32's sign, exponent, 7 bits of fraction */
    SPAR_VALUES_FP16 = 3, /* IEEE half, scaled */
    SPAR_VALUES_INT8 = 4  /* -127 to 127, scaled */
} spar_values_t;

/* Entries that share a scale. */
#define SPAR_VALUES_GROUP 64

/* Values that travel as they are. */
SPAR_INLINE spar_values_t spar_values_native(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? SPAR_VALUES_F64 : SPAR_VALUES_F32;
}

/* Type of the layer that such values belong to. */
SPAR_INLINE spar_dtype_t spar_values_dtype(spar_values_t values)
{
    return values == SPAR_VALUES_F64 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
}

/* Bytes of one value, without the scales. */
SPAR_INLINE size_t spar_values_size(spar_values_t values)
{
    switch (values) {
    case SPAR_VALUES_F64:
        return 8;
    case SPAR_VALUES_F32:
        return 4;
    case SPAR_VALUES_BF16:
    case SPAR_VALUES_FP16:
        return 2;
    case SPAR_VALUES_INT8:
        break;
    }
    return 1;
}

/* Whether such values come with scales. */
SPAR_INLINE bool spar_values_scaled(spar_values_t values)
{
    return values == SPAR_VALUES_FP16 || values == SPAR_VALUES_INT8;
}

/* Scales (of a byte each) of `count` values, the first of which has `phase`
 * entries of its group before it. */
SPAR_INLINE uint64_t spar_values_scales(spar_values_t values, unsigned phase,
                                        uint64_t count)
{
    if (count == 0 || !spar_values_scaled(values)) {
        return 0;
    }
    return (phase + count + SPAR_VALUES_GROUP - 1) / SPAR_VALUES_GROUP;
}

/*
 * Rounds finite float32 values to such as can travel as BF16, FP16 or INT8; a
 * finite value is never rounded to infinity. The difference to the original is
 * exact in float32. Group g is values[64 g] to values[64 g + 63].
 *   seed 0      to the nearest one, ties to even
 *   otherwise   up or down, to each with the probability of its nearness, so
 *               that the mean is the value itself; (seed, place in the array)
 *               decides. Where the difference would not be exact (only values
 *               of less than half a step of their group's scale), and above
 *               the largest finite values, it is the nearest one.
 */
void spar_values_round(spar_values_t values, float *array, size_t count,
                       uint64_t seed);

/*
 * Writes `count` rounded values as they travel, scales and values apart, and
 * reads them back, bit by bit the same. `from` and `to` are arrays of the
 * layer's type. `first` and `phase`: see spar_values_scales; `first` is the
 * number of the first value in the block.
 */
void spar_values_put(spar_values_t values, const void *from, unsigned phase,
                     size_t count, unsigned char *scales, unsigned char *to);
void spar_values_get(spar_values_t values, const unsigned char *scales,
                     unsigned phase, const unsigned char *from, uint64_t first,
                     size_t count, void *to);
/* Whether all `count` scales are such as spar_values_put writes. */
bool spar_values_scales_valid(spar_values_t values, const unsigned char *scales,
                              uint64_t count);

#endif
