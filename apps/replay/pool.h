/*
 * Gradients that differ in every step and cost less than a copy: pieces of a
 * pool of heavy-tailed random values, each from another place.
 */
#ifndef REPLAY_POOL_H
#define REPLAY_POOL_H

#include <stddef.h>

#include "apps/fashion_c/random.h"

typedef struct pool {
    float *values;
    random_t random;
} pool_t;

/* 0, or -1 without memory. The seed should differ between the ranks. */
int pool_init(pool_t *pool, unsigned seed);
void pool_free(pool_t *pool);

/* Writes new values of this root mean square. */
void pool_fill(pool_t *pool, float rms, float *values, size_t count);

#endif
