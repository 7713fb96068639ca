/*
 * Spar: the elements of a tile, or as many candidates, as bits, a word for each
 * warp's turn: where one of them is written follows from counting bits.
 */
#ifndef SPAR_CUDA_BITS_CUH
#define SPAR_CUDA_BITS_CUH

#include "cuda/kernels.cuh"

#define SPAR_CUDA_WORDS (SPAR_CUDA_TILE / 32)

/* By all lanes of one warp: counts the bits before each word. Each lane has
 * some neighbouring words, and gets the bits of these and of all before them:
 * lane 31 gets all. */
static __device__ inline uint32_t spar_cuda_count_bits(
    const uint32_t words[SPAR_CUDA_WORDS], uint32_t before[SPAR_CUDA_WORDS])
{
    const unsigned lane = threadIdx.x % 32;
    const unsigned first = lane * (SPAR_CUDA_WORDS / 32);
    uint32_t counts[SPAR_CUDA_WORDS / 32];
    uint32_t own = 0, sum;

    for (unsigned i = 0; i < SPAR_CUDA_WORDS / 32; i++) {
        counts[i] = (uint32_t)__popc(words[first + i]);
        own += counts[i];
    }
    sum = own;
    for (unsigned step = 1; step < 32; step *= 2) {
        uint32_t other = __shfl_up_sync(SPAR_CUDA_ALL, sum, step);

        sum += lane >= step ? other : 0;
    }
    own = sum - own;
    for (unsigned i = 0; i < SPAR_CUDA_WORDS / 32; i++) {
        before[first + i] = own;
        own += counts[i];
    }
    return sum;
}

#endif
