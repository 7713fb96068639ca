/*
 * bench_select: ways to write the sum in the sweep that finds the candidates,
 * for comparison with the one that the kernels took up (a second array, past
 * the caches). Candidates are collected, the last choice among them is left
 * out.
 */
#ifndef SPAR_BENCH_SELECT_FUSED_H
#define SPAR_BENCH_SELECT_FUSED_H

#include "sparsify/selection.h"

#if defined(__x86_64__)
#define FUSED_AVAILABLE 1
#else
#define FUSED_AVAILABLE 0
#endif

typedef enum fused_store {
    FUSED_PLAIN,
    FUSED_STREAM,  /* past the caches: spares reading what is overwritten */
    FUSED_PREFETCH /* plain, and prefetches what is read */
} fused_store_t;

/* sum = gradient + residual (32-byte aligned, n a multiple of 32); collects
 * |sum| >= threshold up to the capacity of the selection. Needs AVX2. */
void fused_run(const float *gradient, const float *residual, float *sum,
               size_t n, float threshold, fused_store_t store,
               spar_selection_t *selection);

#endif
