#include "bench/wire/entries.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next(uint64_t *state)
{
    uint64_t x = (*state += 0x9e3779b97f4a7c15u);

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double uniform(uint64_t *state)
{
    return ((double)(next(state) >> 12) + 0.5) / 4503599627370496.0;
}

/* Each element is taken with the probability that exactly the missing ones
 * are among the elements left (selection sampling, Knuth volume 2, 3.4.2). */
void entries_make(spar_selection_t *selection, size_t n, size_t k,
                  uint64_t seed)
{
    float *values;
    size_t i, taken = 0;

    if (spar_selection_reserve(selection, SPAR_DTYPE_F32, k) != SPAR_OK) {
        fprintf(stderr, "bench_wire: no memory\n");
        exit(1);
    }
    values = selection->values;
    for (i = 0; taken < k; i++) {
        if (uniform(&seed) * (double)(n - i) < (double)(k - taken)) {
            double magnitude = 0.01 * (1.0 - log(uniform(&seed)));

            selection->indices[taken] = (uint32_t)i;
            values[taken++] =
                (float)(next(&seed) % 2 == 0 ? magnitude : -magnitude);
        }
    }
    selection->count = k;
    selection->dtype = SPAR_DTYPE_F32;
    selection->travels = SPAR_VALUES_F32;
}

double entries_entropy(size_t n, size_t k)
{
    double m = (double)n, j = (double)k;

    return (lgamma(m + 1.0) - lgamma(j + 1.0) - lgamma(m - j + 1.0)) /
           (log(2.0) * j);
}
