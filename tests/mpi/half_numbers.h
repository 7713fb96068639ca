/*
 * 16-bit floats and operations on them, as an application writes them. Slow and
 * plain: nothing of this is Spar's.
 */
#ifndef TESTS_MPI_HALF_NUMBERS_H
#define TESTS_MPI_HALF_NUMBERS_H

#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline float half_get(uint16_t half)
{
    int exponent = half >> 10 & 31;
    float fraction = (float)(half & 1023);
    float value = exponent == 0 ? ldexpf(fraction, -24)
                                : ldexpf(1024 + fraction, exponent - 25);

    if (exponent == 31) {
        value = fraction > 0 ? NAN : INFINITY;
    }
    return half & 0x8000 ? -value : value;
}

static inline uint16_t half_put(float value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    float magnitude = fabsf(value);
    int exponent;

    if (isnan(value)) {
        return 0x7e00;
    }
    if (magnitude >= 65520) {
        return sign | 0x7c00;
    }
    exponent = magnitude >= 0x1p-14f ? ilogbf(magnitude) : -14;
    /* A subnormal number has no leading one, which counts as an exponent. */
    return (uint16_t)(sign + ((exponent + 14) << 10) +
                      (int)nearbyintf(ldexpf(magnitude, 10 - exponent)));
}

static inline float bf16_get(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Cut off, as some trainers do. */
static inline uint16_t bf16_put(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return (uint16_t)(bits >> 16);
}

/* Buffers may lie at any address. */
static inline uint16_t half_load(const void *array, int i)
{
    uint16_t element;

    memcpy(&element, (const char *)array + 2 * (size_t)i, sizeof(element));
    return element;
}

static inline void half_store(void *array, int i, uint16_t element)
{
    memcpy((char *)array + 2 * (size_t)i, &element, sizeof(element));
}

/* How many of the next calls do something else. */
static int half_lies;

static inline void half_sum(void *in, void *inout, int *n, MPI_Datatype *type)
{
    bool lies = half_lies > 0;

    (void)type;
    half_lies -= lies;
    for (int i = 0; i < *n && !lies; i++) {
        half_store(inout, i,
                   half_put(half_get(half_load(in, i)) +
                            half_get(half_load(inout, i))));
    }
}

static inline void bf16_sum(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++) {
        half_store(inout, i,
                   bf16_put(bf16_get(half_load(in, i)) +
                            bf16_get(half_load(inout, i))));
    }
}

static inline void half_max(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++) {
        if (half_get(half_load(in, i)) > half_get(half_load(inout, i))) {
            half_store(inout, i, half_load(in, i));
        }
    }
}

static inline void whole_sum(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++) {
        half_store(inout, i,
                   (uint16_t)(half_load(in, i) + half_load(inout, i)));
    }
}

#endif
