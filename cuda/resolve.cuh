/* Spar: what is left of a range of keys once its keys have been counted. */
#ifndef SPAR_CUDA_RESOLVE_CUH
#define SPAR_CUDA_RESOLVE_CUH

#include "cuda/state.cuh"

#define SPAR_CUDA_SHARE (SPAR_CUDA_BUCKETS / SPAR_CUDA_THREADS)

/* The bits of a key in a range of this width that its bucket does not tell. */
static __device__ inline uint32_t spar_cuda_shift(uint32_t width)
{
    return width > SPAR_CUDA_DIGIT_BITS ? width - SPAR_CUDA_DIGIT_BITS : 0;
}

/*
 * By the last block, when all keys of the range have been counted in the
 * buckets: goes to the bucket of the key looked for, and leaves the buckets at
 * zero. Where there are fewer keys than `rank`, all non-zero elements are to
 * go. Thread 0 counts from the top.
 */
static __device__ inline void spar_cuda_resolve(
    const spar_cuda_tables_t &tables)
{
    __shared__ bool found;
    spar_cuda_state_t *state = tables.state;
    const uint32_t top = SPAR_CUDA_BUCKETS - 1 - threadIdx.x * SPAR_CUDA_SHARE;
    const uint32_t shift = spar_cuda_shift(state->width);
    const uint64_t low = state->low, rank = state->rank;
    uint32_t own[SPAR_CUDA_SHARE];
    uint64_t sum = 0, above;

    if (threadIdx.x == 0) {
        found = false;
    }
    for (uint32_t i = 0; i < SPAR_CUDA_SHARE; i++) {
        own[i] = spar_cuda_fresh(tables.buckets + top - i);
        tables.buckets[top - i] = 0;
        sum += own[i];
    }
    above = spar_cuda_scan(sum) - sum; /* a barrier, too */
    for (uint32_t i = 0; i < SPAR_CUDA_SHARE; i++) {
        if (above < rank && rank <= above + own[i]) {
            state->low = low + ((uint64_t)(top - i) << shift);
            state->rank = rank - above;
            state->in_range = own[i];
            state->width = shift;
            found = true;
        }
        above += own[i];
    }
    __syncthreads();
    if (threadIdx.x == 0 && !found) {
        state->low = 0;
        state->rank = 0;
        state->width = 0;
        state->few = 1;
    }
}

#endif
