/*
 * Gradients whose sums can be checked: small whole numbers of 1/128, so that
 * every sum is exact in floating point and nothing can hide in rounding. Whole
 * numbers themselves would be taken for counts.
 */
#ifndef TESTS_MPI_GRADIENTS_H
#define TESTS_MPI_GRADIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole number behind element i of a layer's gradient on one rank:
 * heavy-tailed, mostly small. */
static inline int gradient_number(int rank, int step, int layer, int i)
{
    uint32_t x = ((uint32_t)rank * 7919u + (uint32_t)step * 104729u +
                  (uint32_t)layer * 1299709u + (uint32_t)i) *
                 2654435761u;

    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (int)(x % 7) - 3 +
           ((x >> 8) % 50 == 0 ? (int)(x >> 16) % 199 - 99 : 0);
}

static inline double gradient_sample(int rank, int step, int layer, int i)
{
    return gradient_number(rank, step, layer, i) / 128.0;
}

static inline double gradient_sum(int ranks, int step, int layer, int i)
{
    double sum = 0;

    for (int rank = 0; rank < ranks; rank++) {
        sum += gradient_sample(rank, step, layer, i);
    }
    return sum;
}

/* Elements of an array of doubles (wide) or floats */
static inline double gradient_get(bool wide, const void *data, int i)
{
    return wide ? ((const double *)data)[i] : ((const float *)data)[i];
}

static inline void gradient_set(bool wide, void *data, int i, double value)
{
    if (wide) {
        ((double *)data)[i] = value;
    } else {
        ((float *)data)[i] = (float)value;
    }
}

static inline uint64_t gradient_hash(const void *data, size_t bytes)
{
    const unsigned char *p = data;
    uint64_t hash = 1469598103934665603u;

    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ p[i]) * 1099511628211u;
    }
    return hash;
}

#endif
