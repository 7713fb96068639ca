/* Test data: layers of many shapes, the same ones in every run. */
#ifndef SPAR_TESTS_UNIT_SELECT_DATA_H
#define SPAR_TESTS_UNIT_SELECT_DATA_H

#include "tests/unit/unit.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef enum data_shape {
    DATA_NORMAL,
    DATA_HEAVY,    /* a few values are 1e6 times the others */
    DATA_EQUAL,    /* one magnitude, both signs */
    DATA_FEW,      /* 8 magnitudes: many ties */
    DATA_SPARSE,   /* 1 % non-zero */
    DATA_ZERO,     /* zeros of both signs */
    DATA_DENORMAL, /* below the smallest normal number */
    DATA_HUGE,     /* just below overflow */
    DATA_RISING,   /* sorted: the worst case for a rising threshold */
    DATA_SHAPES
} data_shape_t;

static inline uint64_t data_random(uint64_t *state)
{
    uint64_t x = (*state += 0x9e3779b97f4a7c15u);

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Uniform in (0, 1). */
static inline double data_uniform(uint64_t *state)
{
    return ((double)(data_random(state) >> 12) + 0.5) / 4503599627370496.0;
}

static inline double data_normal(uint64_t *state)
{
    double radius = sqrt(-2.0 * log(data_uniform(state)));

    return radius * cos(6.283185307179586 * data_uniform(state));
}

/* `tiny` and `huge`: the smallest and the largest number of the type. */
static inline double data_value(data_shape_t shape, double place, double tiny,
                                double huge, uint64_t *state)
{
    double sign = data_random(state) % 2 == 0 ? 1.0 : -1.0;

    switch (shape) {
    case DATA_NORMAL:
        return data_normal(state);
    case DATA_HEAVY:
        return data_normal(state) * (data_random(state) % 500 == 0 ? 1e6 : 1.0);
    case DATA_EQUAL:
        return 0.375 * sign;
    case DATA_FEW:
        return sign * (double)(data_random(state) % 8);
    case DATA_SPARSE:
        return data_random(state) % 100 == 0 ? data_normal(state) : 0.0;
    case DATA_ZERO:
        return 0.0 * sign;
    case DATA_DENORMAL:
        return sign * tiny * (double)(data_random(state) % 1000);
    case DATA_HUGE:
        return sign * huge * (0.25 + 0.2 * data_uniform(state));
    case DATA_RISING:
        return sign * (place + 1e-6);
    case DATA_SHAPES:
        break;
    }
    return 0.0;
}

static inline void data_fill_f32(float *to, size_t n, data_shape_t shape,
                                 uint64_t seed)
{
    size_t i;

    for (i = 0; i < n; i++) {
        to[i] = (float)data_value(shape, (double)i / (double)n, 0x1p-149,
                                  (double)FLT_MAX, &seed);
    }
}

static inline void data_fill_f64(double *to, size_t n, data_shape_t shape,
                                 uint64_t seed)
{
    size_t i;

    for (i = 0; i < n; i++) {
        to[i] =
            data_value(shape, (double)i / (double)n, 0x1p-1074, DBL_MAX, &seed);
    }
}

/* Exactly that many bytes, so that tools see any access beyond them. */
static inline void *data_alloc(size_t n, size_t size)
{
    void *memory = malloc(n * size > 0 ? n * size : 1);

    assert_non_null(memory);
    return memory;
}

/* A new float32 array. */
static inline float *data_f32(data_shape_t shape, size_t n, uint64_t seed)
{
    float *array = data_alloc(n, sizeof(*array));

    data_fill_f32(array, n, shape, seed);
    return array;
}

#endif
