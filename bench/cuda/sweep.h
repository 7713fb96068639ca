/* The sweep of a selection alone, against a copy. */
#ifndef SPAR_BENCH_CUDA_SWEEP_H
#define SPAR_BENCH_CUDA_SWEEP_H

#include <stdint.h>

/* Of float32: `gradient` is that of main.cu, `residual` zeros, and `spare` is
 * as long as they are. */
void bench_sweep(const void *gradient, const void *residual, void *spare,
                 uint64_t count, uint64_t k, int repeats);

#endif
