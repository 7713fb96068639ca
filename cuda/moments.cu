#include "cuda/kernels.cuh"
#include "cuda/load.h"
#include "cuda/narrow.cuh"

#include <math.h>

extern "C" {
#include "sparsify/kernels.h"
#include "sparsify/selectors.h"
}

/*
 * Gaussian-k's threshold, with the additions in the order that
 * sparsify/kernels.h fixes: a thread takes one of a chunk's accumulators, a
 * block of threads a block of elements.
 */
static_assert(SPAR_MOMENT_BLOCK == SPAR_CUDA_TILE &&
                  SPAR_MOMENT_SLOTS == SPAR_CUDA_THREADS &&
                  SPAR_MOMENT_BLOCK / SPAR_MOMENT_CHUNK * SPAR_MOMENT_LANES ==
                      SPAR_CUDA_THREADS,
              "a thread for each accumulator of a block");

#define CHUNKS (SPAR_MOMENT_BLOCK / SPAR_MOMENT_CHUNK)
#define ROWS   (SPAR_MOMENT_CHUNK / SPAR_MOMENT_LANES)

/* The sum of all ends in the first one. */
static __device__ inline void pairwise(double *values, unsigned count)
{
    for (unsigned half = count / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) {
            values[threadIdx.x] += values[threadIdx.x + half];
        }
    }
    __syncthreads();
}

/* The accumulators of a block's chunks, in their order. */
static __device__ inline double add_chunks(const double *chunks, unsigned lane)
{
    double sum = 0.0;

    for (unsigned c = 0; c < CHUNKS; c++) {
        sum += chunks[c * SPAR_MOMENT_LANES + lane];
    }
    return sum;
}

/* By the last block: the layer's moments, and the threshold from them as
 * sparsify/select_gaussian.c has it. */
static __device__ void moments_end(const spar_cuda_tables_t &tables,
                                   uint64_t count, double quantile)
{
    __shared__ double slots[SPAR_MOMENT_SLOTS], slots2[SPAR_MOMENT_SLOTS];
    const uint64_t blocks = gridDim.x;
    double sum = 0.0, sum2 = 0.0;

    for (uint64_t b = threadIdx.x; b < blocks; b += SPAR_MOMENT_SLOTS) {
        sum += spar_cuda_fresh(tables.moments + 2 * b);
        sum2 += spar_cuda_fresh(tables.moments + 2 * b + 1);
    }
    slots[threadIdx.x] = sum;
    slots2[threadIdx.x] = sum2;
    pairwise(slots, SPAR_MOMENT_SLOTS);
    pairwise(slots2, SPAR_MOMENT_SLOTS);
    if (threadIdx.x == 0) {
        const double n = (double)count;
        const double mean = slots[0] / n;
        double variance =
            n > 1.0 ? (slots2[0] - n * mean * mean) / (n - 1.0) : 0.0;
        double threshold;

        if (variance < 0.0) {
            variance = 0.0;
        }
        threshold = mean + quantile * sqrt(variance);
        tables.state->threshold =
            isfinite(threshold) && !(threshold > 0.0) ? 0.0 : threshold;
    }
    __syncthreads();
}

/* The elements above the threshold are those with a greater key than low. */
template <class SUM>
static __device__ inline void place(spar_cuda_state_t *state)
{
    const double threshold = state->threshold;
    const typename SUM::key key =
        spar_cuda_key<SUM>((typename SUM::real)threshold);

    /* Where the moments overflow, nothing is above the threshold. */
    state->low =
        isfinite(threshold) && key < SUM::infinity ? key : SUM::infinity - 1;
    state->settled = !isfinite(threshold);
}

template <class FROM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    moments(spar_cuda_view_t view, spar_cuda_tables_t tables, double quantile)
{
    __shared__ double chunks[SPAR_CUDA_THREADS], chunks2[SPAR_CUDA_THREADS];
    __shared__ double lanes[SPAR_MOMENT_LANES], lanes2[SPAR_MOMENT_LANES];
    const unsigned lane = threadIdx.x % SPAR_MOMENT_LANES;
    const unsigned chunk = threadIdx.x / SPAR_MOMENT_LANES;
    const uint64_t begin = (uint64_t)blockIdx.x * SPAR_MOMENT_BLOCK +
                           chunk * SPAR_MOMENT_CHUNK + lane;
    double sum = 0.0, sum2 = 0.0;

    SPAR_UNROLL(16)
    for (unsigned row = 0; row < ROWS; row++) {
        const uint64_t at = begin + row * SPAR_MOMENT_LANES;

        if (at < view.n) {
            const double value = (double)spar_cuda_acc<FROM>(view, at);

            sum += value;
            sum2 += value * value;
        }
    }
    chunks[threadIdx.x] = sum;
    chunks2[threadIdx.x] = sum2;
    __syncthreads();
    if (threadIdx.x < SPAR_MOMENT_LANES) {
        lanes[lane] = add_chunks(chunks, lane);
        lanes2[lane] = add_chunks(chunks2, lane);
    }
    pairwise(lanes, SPAR_MOMENT_LANES);
    pairwise(lanes2, SPAR_MOMENT_LANES);
    if (threadIdx.x == 0) {
        tables.moments[2 * (uint64_t)blockIdx.x] = lanes[0];
        tables.moments[2 * (uint64_t)blockIdx.x + 1] = lanes2[0];
    }
    if (spar_cuda_last_block(tables.state)) {
        moments_end(tables, view.n, quantile);
        if (threadIdx.x == 0) {
            place<typename FROM::sum>(tables.state);
        }
    }
}

/* See sparsify/select_gaussian.c. */
template <class SUM>
static __device__ void refine_end(spar_cuda_state_t *state, uint64_t k)
{
    const double count = (double)spar_cuda_fresh(&state->above);
    const double wanted = (double)k;

    if (3.0 * count < 2.0 * wanted) {
        state->threshold *= 0.5;
    } else if (3.0 * count > 4.0 * wanted) {
        state->threshold *= 1.5;
    } else {
        state->in_bounds = 1;
        state->expected = (uint64_t)count;
    }
    place<SUM>(state);
    state->refined++;
    state->settled =
        state->in_bounds != 0 || state->refined == SPAR_GAUSSIAN_REFINEMENTS;
    state->above = 0;
}

template <class FROM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    refine(spar_cuda_view_t view, spar_cuda_tables_t tables, uint64_t k)
{
    typedef typename FROM::sum sum_t;
    spar_cuda_state_t *state = tables.state;
    const double threshold = state->threshold;
    const typename sum_t::key key =
        spar_cuda_key<sum_t>((typename sum_t::real)threshold);
    const uint64_t step = (uint64_t)gridDim.x * SPAR_CUDA_THREADS;
    const spar_cuda_elements<FROM> source = {view};
    uint64_t i = (uint64_t)blockIdx.x * SPAR_CUDA_THREADS + threadIdx.x;
    uint32_t above = 0;

    if (state->settled != 0) {
        return;
    }
    for (; i < view.n; i += SPAR_CUDA_AHEAD * step) {
        typename sum_t::real values[SPAR_CUDA_AHEAD];

        spar_cuda_load_ahead(source, i, step, view.n, values);
        SPAR_UNROLL(8)
        for (unsigned j = 0; j < SPAR_CUDA_AHEAD; j++) {
            above += spar_cuda_key<sum_t>(values[j]) > key;
        }
    }
    above = spar_cuda_warp_sum(above);
    if (threadIdx.x % 32 == 0 && above > 0) {
        spar_cuda_add(&state->above, above);
    }
    if (spar_cuda_last_block(state) && threadIdx.x == 0) {
        refine_end<sum_t>(state, k);
    }
}

spar_status_t spar_cuda_moments(spar_dtype_t element, cudaStream_t stream,
                                const spar_cuda_view_t *view,
                                const spar_cuda_tables_t *tables,
                                double quantile)
{
    const uint32_t tiles = spar_cuda_tiles(view->n);

#define START(FROM)                                                            \
    SPAR_LAUNCH((moments<FROM>), tiles, SPAR_CUDA_THREADS, 0, stream, *view,   \
                *tables, quantile)
    SPAR_CUDA_FOR_ELEMENT(element, START)
#undef START
    return spar_cuda_launched("the moments of a layer");
}

spar_status_t spar_cuda_refine(spar_dtype_t element, cudaStream_t stream,
                               const spar_cuda_view_t *view,
                               const spar_cuda_tables_t *tables, uint64_t k)
{
    const uint32_t tiles = spar_cuda_tiles(view->n);
    const uint32_t grid =
        tiles < SPAR_CUDA_MOST_BLOCKS ? tiles : SPAR_CUDA_MOST_BLOCKS;

#define START(FROM)                                                            \
    SPAR_LAUNCH((refine<FROM>), grid, SPAR_CUDA_THREADS, 0, stream, *view,     \
                *tables, k)
    SPAR_CUDA_FOR_ELEMENT(element, START)
#undef START
    return spar_cuda_launched("counting above a threshold");
}

const void *const spar_cuda_moments_kernels[] = {
    SPAR_CUDA_OF_ELEMENTS(moments), SPAR_CUDA_OF_ELEMENTS(refine), NULL};
