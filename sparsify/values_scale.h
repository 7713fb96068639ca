/* Spar: the powers of two that groups of values are scaled by. A scale is the
 * exponent field of the float32 number 2^e: e + 127. */
#ifndef SPAR_SPARSIFY_VALUES_SCALE_H
#define SPAR_SPARSIFY_VALUES_SCALE_H

#include "base/half.h"
#include "sparsify/values.h"

#define SPAR_VALUES_MAGNITUDE 0x7fffffffu
/* An integer q plus this has q in its lower bits. Adding and subtracting it
 * leaves no bits behind the point, in the default rounding mode. */
#define SPAR_VALUES_TO_INTEGER 0x1.8p23f

/* The largest number that a scale multiplies. */
SPAR_INLINE float spar_values_limit(spar_values_t values)
{
    return values == SPAR_VALUES_INT8 ? 127.0f : 65504.0f;
}

/* Beyond these, the limit times the scale would not be finite. The least is
 * the smallest normal number, so that it works in every flush-to-zero mode. */
#define SPAR_VALUES_LEAST_SCALE 1u
SPAR_INLINE uint32_t spar_values_most_scale(spar_values_t values)
{
    return values == SPAR_VALUES_INT8 ? 248 : 239;
}

/* The least scale with which a value of that magnitude (as a pattern) is not
 * above the limit. */
SPAR_INLINE uint32_t spar_values_scale_of(spar_values_t values, uint32_t most)
{
    const uint32_t limit = spar_half_bits(spar_values_limit(values));
    const uint32_t most_scale = spar_values_most_scale(values);
    uint32_t scale;

    /* The quotient of two powers of two, and of two fractions. */
    scale = (most >> 23) + ((most & 0x7fffffu) > (limit & 0x7fffffu)) + 127;
    scale = scale > (limit >> 23) ? scale - (limit >> 23) : 0;
    scale = scale < SPAR_VALUES_LEAST_SCALE ? SPAR_VALUES_LEAST_SCALE : scale;
    return scale < most_scale ? scale : most_scale;
}

/* The least scale with which none of the values is above the limit. */
SPAR_INLINE uint32_t spar_values_scale(spar_values_t values, const float *array,
                                       size_t count)
{
    uint32_t most = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t magnitude = spar_half_bits(array[i]) & SPAR_VALUES_MAGNITUDE;

        most = magnitude > most ? magnitude : most;
    }
    return spar_values_scale_of(values, most);
}

/* 2^e and 2^-e. */
SPAR_INLINE float spar_values_factor(uint32_t scale)
{
    return spar_half_float(scale << 23);
}

SPAR_INLINE float spar_values_inverse(uint32_t scale)
{
    return spar_half_float((254 - scale) << 23);
}

/* A rounded value times the inverse of its group's scale, as it travels. Exact,
 * because it has been rounded. */
SPAR_INLINE uint16_t spar_values_half(float x)
{
    uint32_t bits = spar_half_bits(x);
    uint32_t magnitude = bits & SPAR_VALUES_MAGNITUDE;
    uint32_t normal = (magnitude - SPAR_HALF_BIAS) >> SPAR_HALF_SHIFT;
    /* A multiple of 2^-24, as an integer. */
    uint32_t subnormal = spar_half_bits(spar_half_float(magnitude) * 0x1p24f +
                                        SPAR_VALUES_TO_INTEGER) &
                         0x3ffu;

    return (uint16_t)(((bits >> 16) & 0x8000u) |
                      (magnitude < SPAR_HALF_NORMAL ? subnormal : normal));
}

SPAR_INLINE uint8_t spar_values_int8(float x)
{
    return (uint8_t)spar_half_bits(x + SPAR_VALUES_TO_INTEGER);
}

#endif
