/* Spar: which parameter codes the indices of a selection (sparsify/wire.h). */
#ifndef SPAR_CUDA_MEASURE_CUH
#define SPAR_CUDA_MEASURE_CUH

#include "cuda/state.cuh"

extern "C" {
#include "sparsify/wire_choose.h"
}

/* The distance of entry i to the one before it, less 1. */
static __device__ inline uint32_t spar_cuda_distance(const uint32_t *indices,
                                                     uint64_t i)
{
    return i == 0 ? indices[0] : indices[i] - indices[i - 1] - 1;
}

/* Sums of the quotients of all distances with parameters most, most - 1, ...;
 * the same in all threads. */
static __device__ inline void spar_cuda_quotients(
    const uint32_t *indices, uint64_t count, unsigned most,
    uint64_t sums[SPAR_WIRE_TRIALS])
{
    __shared__ uint64_t all[SPAR_WIRE_TRIALS];
    unsigned j;

    for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
        sums[j] = 0;
    }
    for (uint64_t i = threadIdx.x; i < count;
         i += SPAR_CUDA_ITEMS * SPAR_CUDA_THREADS) {
        uint32_t distances[SPAR_CUDA_ITEMS]; /* zeros behind the end */

        SPAR_UNROLL(16)
        for (unsigned item = 0; item < SPAR_CUDA_ITEMS; item++) {
            const uint64_t at = i + item * SPAR_CUDA_THREADS;

            distances[item] = at < count ? spar_cuda_distance(indices, at) : 0;
        }
        SPAR_UNROLL(16)
        for (unsigned item = 0; item < SPAR_CUDA_ITEMS; item++) {
            for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
                sums[j] += distances[item] >> (most > j ? most - j : 0);
            }
        }
    }
    for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
        const uint64_t sum = spar_cuda_scan(sums[j]);

        if (threadIdx.x == SPAR_CUDA_THREADS - 1) {
            all[j] = sum;
        }
    }
    __syncthreads();
    for (j = 0; j < SPAR_WIRE_TRIALS; j++) {
        sums[j] = all[j];
    }
    __syncthreads();
}

/* By the last block, when all `count` entries out of `span` elements are
 * written: chooses as spar_wire_encode does. */
static __device__ inline void spar_cuda_measure(
    const spar_cuda_tables_t &tables, uint64_t span, uint64_t count)
{
    spar_cuda_state_t *state = tables.state;
    spar_wire_choice_t best = spar_wire_choice_none();
    bool more = count > 0 && count < span;

    for (unsigned most = spar_wire_rice_parameter(span, count); more;
         most -= SPAR_WIRE_TRIALS) {
        uint64_t sums[SPAR_WIRE_TRIALS];

        spar_cuda_quotients(tables.indices, count, most, sums);
        more = spar_wire_choose(count, most, sums, &best);
        /* Whether it is one of these. */
        if (threadIdx.x == 0 && best.parameter <= most &&
            best.parameter + SPAR_WIRE_TRIALS > most) {
            state->quotients = sums[most - best.parameter];
        }
    }
    if (threadIdx.x == 0) {
        state->parameter = best.parameter;
        state->coded = 1;
    }
}

#endif
