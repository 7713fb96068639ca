#include "cuda/narrow.cuh"

#include "cuda/kernels.cuh"
#include "cuda/load.h"

static __device__ inline uint64_t first_of_grid(void)
{
    return (uint64_t)blockIdx.x * SPAR_CUDA_THREADS + threadIdx.x;
}

static __device__ inline uint64_t step_of_grid(void)
{
    return (uint64_t)gridDim.x * SPAR_CUDA_THREADS;
}

template <class SOURCE>
static __device__ inline bool list_keys(const SOURCE &source,
                                        const spar_cuda_tables_t &tables)
{
    const spar_cuda_into_list take = {tables};

    return spar_cuda_for_keys(source, tables.state, first_of_grid(),
                              step_of_grid(), take);
}

/* Counts in shared memory first: most keys are in a few buckets. */
template <class SOURCE>
static __device__ inline bool count_keys(const SOURCE &source,
                                         const spar_cuda_tables_t &tables)
{
    __shared__ uint32_t buckets[SPAR_CUDA_BUCKETS];
    const spar_cuda_into_buckets take = {buckets,
                                         spar_cuda_shift(tables.state->width)};
    bool nonfinite;
    uint32_t i;

    for (i = threadIdx.x; i < SPAR_CUDA_BUCKETS; i += SPAR_CUDA_THREADS) {
        buckets[i] = 0;
    }
    __syncthreads();
    nonfinite = spar_cuda_for_keys(source, tables.state, first_of_grid(),
                                   step_of_grid(), take);
    __syncthreads();
    for (i = threadIdx.x; i < SPAR_CUDA_BUCKETS; i += SPAR_CUDA_THREADS) {
        if (buckets[i] != 0) {
            atomicAdd(tables.buckets + i, buckets[i]);
        }
    }
    return nonfinite;
}

template <class SOURCE>
static __device__ inline void narrow(const SOURCE &source,
                                     const spar_cuda_tables_t &tables)
{
    spar_cuda_state_t *state = tables.state;
    const bool few = state->in_range <= SPAR_CUDA_LIST;
    bool nonfinite;

    if (state->stopped != 0 || state->width == 0) {
        return;
    }
    nonfinite = few ? list_keys(source, tables) : count_keys(source, tables);
    if (nonfinite) {
        atomicOr(&state->nonfinite, 1u);
    }
    if (!spar_cuda_last_block(state)) {
        return;
    }
    if (few) {
        spar_cuda_list_end(tables);
    } else {
        spar_cuda_resolve(tables);
    }
    if (threadIdx.x == 0 && spar_cuda_fresh(&state->nonfinite) != 0) {
        state->stopped = 1;
    }
}

template <class SUM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    narrow_candidates(spar_cuda_tables_t tables)
{
    const spar_cuda_candidates<SUM> source = {tables};

    narrow(source, tables);
}

template <class FROM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    narrow_layer(spar_cuda_view_t view, spar_cuda_tables_t tables)
{
    const spar_cuda_elements<FROM> source = {view};

    narrow(source, tables);
}

static uint32_t blocks(uint64_t count)
{
    uint32_t tiles = spar_cuda_tiles(count);

    return tiles < SPAR_CUDA_MOST_BLOCKS ? tiles : SPAR_CUDA_MOST_BLOCKS;
}

spar_status_t spar_cuda_narrow_candidates(spar_dtype_t dtype,
                                          cudaStream_t stream,
                                          const spar_cuda_tables_t *tables)
{
    const uint32_t grid = blocks(tables->capacity);

    if (dtype == SPAR_DTYPE_F64) {
        SPAR_LAUNCH((narrow_candidates<spar_cuda_f64_t>), grid,
                    SPAR_CUDA_THREADS, 0, stream, *tables);
    } else {
        SPAR_LAUNCH((narrow_candidates<spar_cuda_f32_t>), grid,
                    SPAR_CUDA_THREADS, 0, stream, *tables);
    }
    return spar_cuda_launched("counting the keys of candidates");
}

spar_status_t spar_cuda_narrow_layer(spar_dtype_t element, cudaStream_t stream,
                                     const spar_cuda_view_t *view,
                                     const spar_cuda_tables_t *tables)
{
    const uint32_t grid = blocks(view->n);

#define START(FROM)                                                            \
    SPAR_LAUNCH((narrow_layer<FROM>), grid, SPAR_CUDA_THREADS, 0, stream,      \
                *view, *tables)
    SPAR_CUDA_FOR_ELEMENT(element, START)
#undef START
    return spar_cuda_launched("counting the keys of a layer");
}

const void *const spar_cuda_narrow_kernels[] = {
    SPAR_CUDA_OF_SUMS(narrow_candidates), SPAR_CUDA_OF_ELEMENTS(narrow_layer),
    NULL};
