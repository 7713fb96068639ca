/* Whole calls of a layer through the library's table, as Spar makes them. */
#ifndef SPAR_BENCH_CUDA_LAYER_H
#define SPAR_BENCH_CUDA_LAYER_H

#include <stdint.h>

/* A layer of `count` float32 elements at `gradient` in the device's memory,
 * `k` entries a call, as many of each of `ranks` ranks added. Prints the
 * seconds of a selection and of applying, by the host's clock, and how many
 * kernels a call launches. */
void bench_layer(float *gradient, uint64_t count, uint64_t k, int ranks,
                 int repeats);

#endif
