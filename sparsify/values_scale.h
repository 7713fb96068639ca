/* Spar: the powers of two that groups of values are scaled by. A scale is the
 * exponent field of the float32 number 2^e: e + 127. */
#ifndef SPAR_SPARSIFY_VALUES_SCALE_H
#define SPAR_SPARSIFY_VALUES_SCALE_H

#include "base/half.h"
#include "sparsify/values.h"

#define SPAR_VALUES_MAGNITUDE 0x7fffffffu

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

/* The least scale with which none of the values is above the limit. */
SPAR_INLINE uint32_t spar_values_scale(spar_values_t values, const float *array,
                                       size_t count)
{
    const uint32_t limit = spar_half_bits(spar_values_limit(values));
    const uint32_t most_scale = spar_values_most_scale(values);
    uint32_t most = 0;
    uint32_t scale;

    for (size_t i = 0; i < count; i++) {
        uint32_t magnitude = spar_half_bits(array[i]) & SPAR_VALUES_MAGNITUDE;

        most = magnitude > most ? magnitude : most;
    }
    /* The quotient of two powers of two, and of two fractions. */
    scale = (most >> 23) + ((most & 0x7fffffu) > (limit & 0x7fffffu)) + 127;
    scale = scale > (limit >> 23) ? scale - (limit >> 23) : 0;
    scale = scale < SPAR_VALUES_LEAST_SCALE ? SPAR_VALUES_LEAST_SCALE : scale;
    return scale < most_scale ? scale : most_scale;
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

#endif
