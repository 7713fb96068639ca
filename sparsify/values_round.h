/*
 * Spar: rounding of a value to such as can travel (sparsify/values.h), an
 * element at a time, for hosts and GPUs.
 */
#ifndef SPAR_SPARSIFY_VALUES_ROUND_H
#define SPAR_SPARSIFY_VALUES_ROUND_H

#include "sparsify/values_scale.h"

#define SPAR_ROUND_BF16_MASK     0xffff0000u
#define SPAR_ROUND_HALF_MASK     0xffffe000u
#define SPAR_ROUND_INFINITY_BITS 0x7f800000u
/* Numbers below the first are multiples of the second as IEEE halves. */
#define SPAR_ROUND_HALF_NORMAL 0x1p-14f
#define SPAR_ROUND_HALF_STEP   0x1p-24f

/* Finalizer of MurmurHash3 (Appleby) on a counter: enough that neighbours and
 * steps are independent. */
SPAR_INLINE uint32_t spar_round_noise(uint64_t seed, size_t place)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15u * (uint64_t)(place + 1);

    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(x >> 32);
}

SPAR_INLINE float spar_round_nearest_integer(float x)
{
    return (x + SPAR_VALUES_TO_INTEGER) - SPAR_VALUES_TO_INTEGER;
}

/* One of the two integers around x; random is evenly spread. */
SPAR_INLINE float spar_round_some_integer(float x, uint32_t random)
{
    float nearest = spar_round_nearest_integer(x);
    float below = nearest - (float)(nearest > x);

    return below + (float)((float)(random >> 8) * 0x1p-24f < x - below);
}

/* `add` carries into the bits that stay: all that are cut off, at most. */
SPAR_INLINE float spar_round_cut(float value, uint32_t add, uint32_t mask)
{
    return spar_half_float((spar_half_bits(value) + add) & mask);
}

SPAR_INLINE float spar_round_clamp(float x, float limit)
{
    x = x < limit ? x : limit;
    return x > -limit ? x : -limit;
}

SPAR_INLINE float spar_round_nearest_bf16(float value)
{
    uint32_t odd = (spar_half_bits(value) >> 16) & 1u;

    return spar_round_cut(value, 0x7fffu + odd, SPAR_ROUND_BF16_MASK);
}

/* The first if x is below the least normal half. Chosen as integers: compilers
 * keep branches between floating-point computations. */
SPAR_INLINE float spar_round_half_choose(float x, float subnormal, float normal)
{
    uint32_t small = (spar_half_bits(x) & SPAR_VALUES_MAGNITUDE) <
                     spar_half_bits(SPAR_ROUND_HALF_NORMAL);
    uint32_t a = spar_half_bits(subnormal), b = spar_half_bits(normal);

    return spar_half_float(b ^ ((a ^ b) & (0u - small)));
}

SPAR_INLINE float spar_round_nearest_half(float x)
{
    uint32_t odd = (spar_half_bits(x) >> 13) & 1u;

    return spar_round_half_choose(
        x,
        spar_round_nearest_integer(x * (1 / SPAR_ROUND_HALF_STEP)) *
            SPAR_ROUND_HALF_STEP,
        spar_round_cut(x, 0xfffu + odd, SPAR_ROUND_HALF_MASK));
}

SPAR_INLINE float spar_round_some_half(float x, uint32_t random)
{
    return spar_round_half_choose(
        x,
        spar_round_some_integer(x * (1 / SPAR_ROUND_HALF_STEP), random) *
            SPAR_ROUND_HALF_STEP,
        spar_round_cut(x, random >> 19, SPAR_ROUND_HALF_MASK));
}

/* If the difference is exact, so is the sum (Dekker 1971); a value that is
 * far below its neighbours on the grid may have more bits than fit. */
SPAR_INLINE bool spar_round_exact(float value, float rounded)
{
    return rounded + (value - rounded) == value;
}

SPAR_INLINE float spar_round_nearest(spar_values_t values, float x)
{
    x = spar_round_clamp(x, spar_values_limit(values));
    return values == SPAR_VALUES_INT8 ? spar_round_nearest_integer(x)
                                      : spar_round_nearest_half(x);
}

SPAR_INLINE float spar_round_some(spar_values_t values, float x,
                                  uint32_t random)
{
    x = spar_round_clamp(x, spar_values_limit(values));
    return values == SPAR_VALUES_INT8 ? spar_round_some_integer(x, random)
                                      : spar_round_some_half(x, random);
}

/* As BF16; `place` in the selection. */
SPAR_INLINE float spar_round_bf16(float value, uint64_t seed, size_t place)
{
    float rounded =
        seed == 0 ? spar_round_nearest_bf16(value)
                  : spar_round_cut(value, spar_round_noise(seed, place) >> 16,
                                   SPAR_ROUND_BF16_MASK);

    return (spar_half_bits(rounded) & SPAR_VALUES_MAGNITUDE) <
                   SPAR_ROUND_INFINITY_BITS
               ? rounded
               : spar_round_cut(value, 0, SPAR_ROUND_BF16_MASK);
}

/* As FP16 or INT8 in a group of that scale, to the nearest; or, with a seed,
 * up or down. */
SPAR_INLINE float spar_round_scaled(spar_values_t values, float value,
                                    uint32_t scale)
{
    return spar_round_nearest(values, value * spar_values_inverse(scale)) *
           spar_values_factor(scale);
}

SPAR_INLINE float spar_round_scaled_some(spar_values_t values, float value,
                                         uint32_t scale, uint64_t seed,
                                         size_t place)
{
    float x = value * spar_values_inverse(scale);
    float tried = spar_round_some(values, x, spar_round_noise(seed, place)) *
                  spar_values_factor(scale);

    return spar_round_exact(value, tried)
               ? tried
               : spar_round_nearest(values, x) * spar_values_factor(scale);
}

#endif
