/*
 * Spar: 16-bit floats, an element at a time: IEEE halves and bfloat16. Exact or
 * rounded to the nearest, ties to even, whatever flush-to-zero mode the
 * application has set. Without branches, so that compilers turn loops over them
 * into vector instructions.
 */
#ifndef SPAR_BASE_HALF_H
#define SPAR_BASE_HALF_H

#include "base/device.h"
#include "base/dtype.h"

#include <stdint.h>
#include <string.h>

/* What the exponents of float32 and of a half differ by, and the place of the
 * half's last bit in a float32. */
#define SPAR_HALF_BIAS     (112u << 23)
#define SPAR_HALF_SHIFT    13
#define SPAR_HALF_NORMAL   (113u << 23) /* the least that is not subnormal */
#define SPAR_HALF_INFINITY 0x7c00u

/* Magnitudes, as float32 patterns, from which on the nearest is infinity:
 * 65520, and the number halfway between the largest bfloat16 and 2^128. */
#define SPAR_HALF_OVERFLOW 0x477ff000u
#define SPAR_BF16_OVERFLOW 0x7f7f8000u

SPAR_INLINE uint32_t spar_half_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

SPAR_INLINE float spar_half_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Of an IEEE half. */
SPAR_INLINE float spar_half_value(uint16_t half)
{
    uint32_t magnitude = half & 0x7fffu;
    uint32_t normal = (magnitude << SPAR_HALF_SHIFT) + SPAR_HALF_BIAS;
    uint32_t subnormal = spar_half_bits((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t bits = magnitude < 0x400u ? subnormal : normal;

    bits += magnitude >= SPAR_HALF_INFINITY ? SPAR_HALF_BIAS : 0;
    return spar_half_float(bits | (uint32_t)(half & 0x8000u) << 16);
}

SPAR_INLINE float spar_bf16_value(uint16_t bf16)
{
    return spar_half_float((uint32_t)bf16 << 16);
}

/* An element of a buffer of SPAR_DTYPE_F16 or _BF16, which may lie at any
 * address. */
SPAR_INLINE float spar_half_load(spar_dtype_t dtype, const void *values,
                                 uint64_t index)
{
    uint16_t element;

    memcpy(&element, (const char *)values + 2 * index, sizeof(element));
    return dtype == SPAR_DTYPE_F16 ? spar_half_value(element)
                                   : spar_bf16_value(element);
}

/* To an IEEE half; NaN stays one. */
SPAR_INLINE uint16_t spar_half_round(float value)
{
    uint32_t bits = spar_half_bits(value);
    uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t odd = (magnitude >> SPAR_HALF_SHIFT) & 1u;
    uint32_t normal =
        (magnitude - SPAR_HALF_BIAS + 0xfffu + odd) >> SPAR_HALF_SHIFT;
    /* The last bit of a float32 next to 0.5 is worth 2^-24, as that of a
     * subnormal half. */
    uint32_t subnormal =
        spar_half_bits(spar_half_float(magnitude) + 0.5f) - 0x3f000000u;
    uint32_t half = magnitude < SPAR_HALF_NORMAL ? subnormal : normal;

    half = magnitude >= SPAR_HALF_OVERFLOW ? SPAR_HALF_INFINITY : half;
    half = magnitude > 0x7f800000u ? 0x7e00u : half;
    return (uint16_t)((bits >> 16 & 0x8000u) | half);
}

/* To a bfloat16; NaN stays one. */
SPAR_INLINE uint16_t spar_bf16_round(float value)
{
    uint32_t bits = spar_half_bits(value);
    uint32_t odd = (bits >> 16) & 1u;
    uint32_t rounded = (bits + 0x7fffu + odd) >> 16;
    uint32_t nan = bits >> 16 | 0x40u;

    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

#endif
