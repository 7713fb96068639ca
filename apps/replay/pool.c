#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    POOL_VALUES = 1 << 18 /* 1 MiB: stays in the cache while it is copied */
};

int pool_init(pool_t *pool, unsigned seed)
{
    pool->random.state = seed;
    pool->values = malloc(POOL_VALUES * sizeof(*pool->values));
    if (!pool->values)
        return -1;
    random_fill_normal(&pool->random, 1, pool->values, POOL_VALUES);
    /* As the entries of real gradients do, most lie far below the largest. */
    for (size_t i = 0; i < POOL_VALUES; i++)
        pool->values[i] *= 1e-3F * expf(1.5F * fabsf(pool->values[i]));
    return 0;
}

void pool_free(pool_t *pool)
{
    free(pool->values);
}

void pool_fill(pool_t *pool, float *values, size_t count)
{
    while (count > 0) {
        size_t from = random_next(&pool->random) % (POOL_VALUES / 2);
        size_t piece = POOL_VALUES - from < count ? POOL_VALUES - from : count;

        memcpy(values, pool->values + from, piece * sizeof(*values));
        values += piece;
        count -= piece;
    }
}
