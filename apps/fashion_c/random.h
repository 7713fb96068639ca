/* Random numbers that are the same on every machine (splitmix64). */
#ifndef FASHION_RANDOM_H
#define FASHION_RANDOM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef struct random_state {
    uint64_t state;
} random_t;

static inline uint64_t random_next(random_t *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* In (0, 1). */
static inline double random_uniform(random_t *random)
{
    return ((double)(random_next(random) >> 12) + 0.5) * 0x1p-52;
}

static inline void random_fill_normal(random_t *random, float deviation,
                                      float *values, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        double radius = deviation * sqrt(-2 * log(random_uniform(random)));
        double angle = 2 * M_PI * random_uniform(random);

        values[i] = (float)(radius * cos(angle));
        if (i + 1 < count)
            values[i + 1] = (float)(radius * sin(angle));
    }
}

static inline void random_shuffle(random_t *random, int *values, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(random_next(random) % (uint64_t)(i + 1));
        int value = values[i];

        values[i] = values[j];
        values[j] = value;
    }
}

#endif
