#include "cuda/bits.cuh"
#include "cuda/load.h"
#include "cuda/narrow.cuh"

/*
 * The one pass of the steady state over gradient and residual. Elements that
 * are candidates become bits, a word for each warp's turn, so that their places
 * follow from counting bits; hardly any tile has more than a few.
 */
typedef struct found {
    uint32_t words[SPAR_CUDA_WORDS];
    uint32_t before[SPAR_CUDA_WORDS]; /* candidates of the tile before a word */
    uint32_t at;                      /* the tile's first one */
    uint32_t all;
} found_t;

/* By warp 0: counts the words' bits, and takes room for the candidates. */
static __device__ void count_words(const spar_cuda_tables_t &tables,
                                   found_t *found)
{
    const unsigned lane = threadIdx.x;
    const uint32_t sum = spar_cuda_count_bits(found->words, found->before);

    if (lane == 31) {
        found->all = sum;
        found->at =
            sum == 0 ? 0 : (uint32_t)spar_cuda_add(&tables.state->found, sum);
        tables.tile_at[blockIdx.x] = found->at;
        tables.tile_count[blockIdx.x] = sum;
    }
}

/* Whether the candidates can hold the k-th entry, and where it is. */
template <class SUM>
static __device__ void sweep_end(const spar_cuda_tables_t &tables, uint64_t k,
                                 bool finish)
{
    spar_cuda_state_t *state = tables.state;
    const uint64_t found = spar_cuda_fresh(&state->found);
    const uint64_t beyond = spar_cuda_fresh(&state->beyond);
    const bool stopped = found < k || found > tables.capacity || beyond >= k ||
                         spar_cuda_fresh(&state->nonfinite) != 0;

    if (threadIdx.x == 0) {
        state->rank = stopped ? 1 : k - beyond;
        state->stopped = stopped;
    }
    __syncthreads();
    /* In any case, since it clears the buckets. */
    spar_cuda_resolve(tables);
    __syncthreads();
    if (finish && !stopped) {
        spar_cuda_narrow_alone<SUM>(tables);
    }
}

/* Writes the tile's candidates down and counts their keys. */
template <class SUM>
static __device__ inline void write_candidates(
    const spar_cuda_tables_t &tables, const found_t &found,
    const typename SUM::real values[SPAR_CUDA_ITEMS], typename SUM::key floor,
    uint32_t width)
{
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    uint32_t beyond = 0;

    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        const unsigned at = i * SPAR_CUDA_WARPS + warp;
        const uint32_t word = found.words[at];
        const typename SUM::key above = spar_cuda_key<SUM>(values[i]) - floor;
        uint64_t place;

        if ((word >> lane & 1u) == 0) {
            continue;
        }
        place = (uint64_t)found.at + found.before[at] +
                (uint32_t)__popc(word & ((1u << lane) - 1));
        if (place < tables.capacity) {
            tables.candidate_indices[place] = blockIdx.x * SPAR_CUDA_TILE +
                                              i * SPAR_CUDA_THREADS +
                                              threadIdx.x;
            ((typename SUM::real *)tables.candidate_values)[place] = values[i];
        }
        if (above >> width != 0) {
            beyond++;
        } else {
            atomicAdd(tables.buckets + (above >> spar_cuda_shift(width)), 1u);
        }
    }
    beyond = spar_cuda_warp_sum(beyond);
    if (lane == 0 && beyond > 0) {
        spar_cuda_add(&tables.state->beyond, beyond);
    }
}

template <class FROM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    sweep(spar_cuda_view_t view, spar_cuda_tables_t tables,
          typename FROM::sum::key floor, uint32_t width, uint64_t k,
          bool finish)
{
    typedef typename FROM::sum sum_t;
    typedef typename sum_t::real real_t;
    typedef typename sum_t::key key_t;
    __shared__ found_t found;
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const uint64_t begin = (uint64_t)blockIdx.x * SPAR_CUDA_TILE + threadIdx.x;
    real_t values[SPAR_CUDA_ITEMS];
    bool nonfinite = false;

    spar_cuda_load_tile<FROM>(view, begin, values);
    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        key_t key = spar_cuda_key<sum_t>(values[i]);
        /* The floor is above zero: elements behind the end are none. */
        uint32_t word = __ballot_sync(SPAR_CUDA_ALL, key >= floor);

        nonfinite |= key >= sum_t::infinity;
        if (lane == 0) {
            found.words[i * SPAR_CUDA_WARPS + warp] = word;
        }
    }
    __syncthreads();
    if (warp == 0) {
        count_words(tables, &found);
    }
    if (nonfinite) {
        atomicOr(&tables.state->nonfinite, 1u);
    }
    __syncthreads();
    if (found.all > 0) {
        write_candidates<sum_t>(tables, found, values, floor, width);
    }
    if (spar_cuda_last_block(tables.state)) {
        sweep_end<sum_t>(tables, k, finish);
    }
}

spar_status_t spar_cuda_sweep(spar_dtype_t element, cudaStream_t stream,
                              const spar_cuda_view_t *view,
                              const spar_cuda_tables_t *tables, uint64_t floor,
                              uint32_t width, uint64_t k, bool finish)
{
    const uint32_t tiles = spar_cuda_tiles(view->n);

#define START(FROM)                                                            \
    SPAR_LAUNCH((sweep<FROM>), tiles, SPAR_CUDA_THREADS, 0, stream, *view,     \
                *tables, (FROM::sum::key)floor, width, k, finish)
    SPAR_CUDA_FOR_ELEMENT(element, START)
#undef START
    return spar_cuda_launched("the sweep of a layer");
}

const void *const spar_cuda_sweep_kernels[] = {SPAR_CUDA_OF_ELEMENTS(sweep),
                                               NULL};
