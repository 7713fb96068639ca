/*
 * The gradients of replay: they have the rms that is asked for and a heavy
 * tail, differ from step to step and rank to rank, and stay within their
 * buffer, also where it is not aligned and where it is streamed past the
 * caches.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

enum {
    SMALL = 5003,
    LARGE = (1 << 21) + 3 /* past the caches, an odd rest */
};

static const float GUARD = -7;
static int failed;

static void check(int right, const char *what, size_t count)
{
    if (!right) {
        fprintf(stderr, "%zu values: %s\n", count, what);
        failed = 1;
    }
}

static double rms_of(const float *values, size_t count)
{
    double squares = 0;

    for (size_t i = 0; i < count; i++)
        squares += (double)values[i] * (double)values[i];
    return sqrt(squares / (double)count);
}

static size_t count_above(const float *values, size_t count, double limit)
{
    size_t above = 0;

    for (size_t i = 0; i < count; i++)
        above += fabs((double)values[i]) > limit;
    return above;
}

static size_t count_same(const float *a, const float *b, size_t count)
{
    size_t same = 0;

    for (size_t i = 0; i < count; i++)
        same += a[i] == b[i];
    return same;
}

/* Writes between two guards, `shift` elements after an aligned place. */
static void try_bounds(pool_t *pool, float *room, size_t shift, size_t count)
{
    float *values = room + shift;

    for (size_t i = 0; i < shift; i++)
        room[i] = GUARD;
    memset(values, 0, count * sizeof(*values));
    values[count] = GUARD;
    pool_fill(pool, 0.5F, values, count);
    for (size_t i = 0; i < shift; i++)
        check(room[i] == GUARD, "wrote before them", count);
    check(values[count] == GUARD, "wrote behind them", count);
    check(count_above(values, count, 0) == count, "left some out", count);
}

static void try_values(pool_t *pool, pool_t *other, size_t count)
{
    float *a = malloc(count * sizeof(*a));
    float *b = malloc(count * sizeof(*b));
    double rms;

    pool_fill(pool, 0.01F, a, count);
    rms = rms_of(a, count);
    check(rms > 0.002 && rms < 0.05, "another rms", count);
    /* Of normal values, 32 % would lie above it, and none of these 5 rms. */
    check(count_above(a, count, rms) < count / 10, "no heavy tail", count);
    check(count_above(a, count, 5 * rms) > 0, "none is large", count);
    pool_fill(pool, 0.01F, b, count);
    check(count_same(a, b, count) < count / 100, "the same as before", count);
    pool_fill(other, 0.01F, b, count);
    check(count_same(a, b, count) < count / 100, "those of a rank", count);
    free(a);
    free(b);
}

int main(void)
{
    float *room = aligned_alloc(64, ((LARGE + 64) / 16) * 64);
    pool_t pool;
    pool_t other;

    if (!room || pool_init(&pool, 1) != 0 || pool_init(&other, 2) != 0)
        return 1;
    for (size_t shift = 0; shift < 5; shift++) {
        try_bounds(&pool, room, shift, 1);
        try_bounds(&pool, room, shift, SMALL);
        try_bounds(&pool, room, shift, LARGE);
    }
    try_values(&pool, &other, SMALL * 40);
    try_values(&pool, &other, LARGE);
    pool_free(&pool);
    pool_free(&other);
    free(room);
    return failed;
}
