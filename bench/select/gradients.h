/* bench_select: arrays and the gradients that fill them. */
#ifndef SPAR_BENCH_SELECT_GRADIENTS_H
#define SPAR_BENCH_SELECT_GRADIENTS_H

#include "bench/select/options.h"

#include <stdint.h>
#include <stdio.h>

/* n floats, zeroed and touched; ends the program when there is no memory. */
float *floats_alloc(size_t n, bool huge_pages);

typedef struct gradients {
    FILE *file; /* recorded; NULL: synthetic */
    bool heavy;
    uint64_t state;
    float *table; /* quantiles that synthetic gradients are drawn from */
} gradients_t;

void gradients_open(gradients_t *gradients, const options_t *options);
/* The gradient of the next step; a recording starts over at its end. */
void gradients_next(gradients_t *gradients, float *to, size_t n);
void gradients_close(gradients_t *gradients);

#endif
