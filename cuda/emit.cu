#include "cuda/bits.cuh"
#include "cuda/load.h"
#include "cuda/pack.cuh"

/*
 * Entries go out in ascending order. Of those that have the very key of the
 * k-th, only the first ones go; so where an entry is to be written follows from
 * two numbers, of the entries before it that are above the key and of those
 * that have it.
 */
enum {
    ABOVE,
    EQUAL
};

typedef struct marks {
    uint32_t words[2][SPAR_CUDA_WORDS];
    uint32_t before[2][SPAR_CUDA_WORDS];
    uint32_t all[2];
} marks_t;

/* Which of the two an entry is; by all lanes of a warp. */
static __device__ inline void mark(marks_t *marks, unsigned word, bool above,
                                   bool equal)
{
    const uint32_t aboves = __ballot_sync(SPAR_CUDA_ALL, above);
    const uint32_t equals = __ballot_sync(SPAR_CUDA_ALL, equal);

    if (threadIdx.x % 32 == 0) {
        marks->words[ABOVE][word] = aboves;
        marks->words[EQUAL][word] = equals;
    }
}

/* Counts the bits before each word; warp 0 for one of the two, warp 1 for the
 * other. With a barrier before and one behind. */
static __device__ inline void count_marks(marks_t *marks)
{
    const unsigned lane = threadIdx.x % 32, which = threadIdx.x / 32;

    __syncthreads();
    if (which < 2) {
        const uint32_t sum =
            spar_cuda_count_bits(marks->words[which], marks->before[which]);

        if (lane == 31) {
            marks->all[which] = sum;
        }
    }
    __syncthreads();
}

static __device__ inline uint32_t least(uint32_t a, uint64_t b)
{
    return a < b ? a : (uint32_t)b;
}

/* Writes the entry of this lane in that word, if it is one that goes. */
template <class REAL>
static __device__ inline void put(const spar_cuda_tables_t &tables,
                                  const marks_t &marks,
                                  const uint32_t before[2], unsigned word,
                                  uint32_t index, REAL value)
{
    const unsigned lane = threadIdx.x % 32;
    const uint32_t under = (1u << lane) - 1;
    const uint64_t rank = tables.state->rank;
    uint32_t number[2];
    uint64_t place;

    for (unsigned which = 0; which < 2; which++) {
        number[which] = before[which] + marks.before[which][word] +
                        (uint32_t)__popc(marks.words[which][word] & under);
    }
    if ((marks.words[ABOVE][word] >> lane & 1u) == 0 &&
        ((marks.words[EQUAL][word] >> lane & 1u) == 0 ||
         number[EQUAL] >= rank)) {
        return;
    }
    place = (uint64_t)number[ABOVE] + least(number[EQUAL], rank);
    if (place < tables.room) {
        tables.indices[place] = index;
        ((REAL *)tables.values)[place] = value;
    }
}

/* By all blocks at their end: the last one rounds and codes the entries.
 */
static __device__ inline void end(const spar_cuda_tables_t &tables,
                                  uint64_t span)
{
    if (spar_cuda_last_block(tables.state)) {
        if (threadIdx.x == 0) {
            tables.state->ticket = 0;
        }
        spar_cuda_pack_alone(tables, span);
    }
}

/* By the block with the last ticket. */
static __device__ inline void put_count(const spar_cuda_tables_t &tables,
                                        const uint32_t before[2],
                                        const uint32_t own[2])
{
    const uint32_t equal = before[EQUAL] + own[EQUAL];

    if (threadIdx.x == 0) {
        tables.state->count = (uint64_t)before[ABOVE] + own[ABOVE] +
                              least(equal, tables.state->rank);
    }
}

template <class FROM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    emit_layer(spar_cuda_view_t view, spar_cuda_tables_t tables,
               uint64_t launch)
{
    typedef typename FROM::sum sum_t;
    typedef typename sum_t::real real_t;
    typedef typename sum_t::key key_t;
    __shared__ marks_t marks;
    spar_cuda_state_t *state = tables.state;
    const unsigned warp = threadIdx.x / 32;
    const key_t low = (key_t)state->low;
    real_t values[SPAR_CUDA_ITEMS];
    uint32_t before[2], own[2];
    bool nonfinite = false;
    uint64_t begin;
    uint32_t tile;

    if (state->stopped != 0) {
        return;
    }
    tile = spar_cuda_ticket(state);
    begin = (uint64_t)tile * SPAR_CUDA_TILE + threadIdx.x;
    spar_cuda_load_tile<FROM>(view, begin, values);
    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        key_t key = spar_cuda_key<sum_t>(values[i]);

        nonfinite |= key >= sum_t::infinity;
        mark(&marks, i * SPAR_CUDA_WARPS + warp, key > low,
             key == low && begin + i * SPAR_CUDA_THREADS < view.n);
    }
    if (nonfinite) {
        atomicOr(&state->nonfinite, 1u);
    }
    count_marks(&marks);
    own[ABOVE] = marks.all[ABOVE];
    own[EQUAL] = marks.all[EQUAL];
    spar_cuda_before(tables.parts, launch, tile, own, before);
    if (own[ABOVE] + own[EQUAL] > 0) {
        SPAR_UNROLL(16)
        for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
            put(tables, marks, before, i * SPAR_CUDA_WARPS + warp,
                (uint32_t)(begin + i * SPAR_CUDA_THREADS), values[i]);
        }
    }
    if (tile == gridDim.x - 1) {
        put_count(tables, before, own);
    }
    end(tables, view.n);
}

/*
 * The candidates of some neighbouring tiles, one behind the other in the order
 * of the tiles: number i is candidate at(i).
 */
typedef struct span {
    uint32_t begin[SPAR_CUDA_SPAN + 1]; /* number of a tile's first candidate */
    uint32_t at[SPAR_CUDA_SPAN];
} span_t;

static __device__ inline uint32_t span_open(const spar_cuda_tables_t &tables,
                                            uint64_t first, uint64_t tiles,
                                            span_t *span)
{
    const bool is = threadIdx.x < SPAR_CUDA_SPAN && first + threadIdx.x < tiles;
    const uint32_t own = is ? tables.tile_count[first + threadIdx.x] : 0;
    const uint32_t sum = (uint32_t)spar_cuda_scan(own);

    if (threadIdx.x < SPAR_CUDA_SPAN) {
        span->begin[threadIdx.x] = sum - own;
        span->at[threadIdx.x] = is ? tables.tile_at[first + threadIdx.x] : 0;
    }
    if (threadIdx.x == SPAR_CUDA_SPAN - 1) {
        span->begin[SPAR_CUDA_SPAN] = sum;
    }
    __syncthreads();
    return span->begin[SPAR_CUDA_SPAN];
}

/* The last tile that begins at or before i. */
static __device__ inline uint32_t span_at(const span_t &span, uint32_t i)
{
    uint32_t tile = 0;

    for (uint32_t step = SPAR_CUDA_SPAN / 2; step > 0; step /= 2) {
        tile += span.begin[tile + step] <= i ? step : 0;
    }
    return span.at[tile] + (i - span.begin[tile]);
}

/* Marks candidates `from` to `from` + SPAR_CUDA_TILE of the span. */
template <class SUM>
static __device__ inline void span_mark(const spar_cuda_tables_t &tables,
                                        const span_t &span, uint32_t from,
                                        marks_t *marks)
{
    typedef typename SUM::key key_t;
    const key_t low = (key_t)tables.state->low;
    const uint32_t all = span.begin[SPAR_CUDA_SPAN];

    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        const uint32_t number = from + i * SPAR_CUDA_THREADS + threadIdx.x;
        key_t key = 0;

        if (number < all) {
            key = spar_cuda_key<SUM>(
                ((const typename SUM::real *)
                     tables.candidate_values)[span_at(span, number)]);
        }
        mark(marks, i * SPAR_CUDA_WARPS + threadIdx.x / 32, key > low,
             number < all && key == low);
    }
    count_marks(marks);
}

template <class SUM>
static __device__ inline void span_put(const spar_cuda_tables_t &tables,
                                       const span_t &span, uint32_t from,
                                       const marks_t &marks,
                                       const uint32_t before[2])
{
    typedef typename SUM::real real_t;
    const uint32_t all = span.begin[SPAR_CUDA_SPAN];

    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        const uint32_t number = from + i * SPAR_CUDA_THREADS + threadIdx.x;

        if (number < all) {
            const uint32_t at = span_at(span, number);

            put(tables, marks, before, i * SPAR_CUDA_WARPS + threadIdx.x / 32,
                tables.candidate_indices[at],
                ((const real_t *)tables.candidate_values)[at]);
        }
    }
}

/* Hardly ever are there more candidates in a span than are marked at once;
 * then they are marked again to be written. */
template <class SUM>
static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    emit_candidates(spar_cuda_tables_t tables, uint64_t elements,
                    uint64_t launch)
{
    __shared__ marks_t marks;
    __shared__ span_t span;
    uint32_t before[2], own[2] = {0, 0};
    const uint64_t tiles = (elements + SPAR_CUDA_TILE - 1) / SPAR_CUDA_TILE;
    uint32_t block, all, from;

    if (tables.state->stopped != 0) {
        return;
    }
    block = spar_cuda_ticket(tables.state);
    all = span_open(tables, (uint64_t)block * SPAR_CUDA_SPAN, tiles, &span);
    for (from = 0; from < all; from += SPAR_CUDA_TILE) {
        span_mark<SUM>(tables, span, from, &marks);
        own[ABOVE] += marks.all[ABOVE];
        own[EQUAL] += marks.all[EQUAL];
        __syncthreads();
    }
    spar_cuda_before(tables.parts, launch, block, own, before);
    if (block == gridDim.x - 1) {
        put_count(tables, before, own);
    }
    for (from = 0; from < all; from += SPAR_CUDA_TILE) {
        if (all > SPAR_CUDA_TILE) {
            span_mark<SUM>(tables, span, from, &marks);
        }
        span_put<SUM>(tables, span, from, marks, before);
        before[ABOVE] += marks.all[ABOVE];
        before[EQUAL] += marks.all[EQUAL];
        __syncthreads();
    }
    end(tables, elements);
}

spar_status_t spar_cuda_emit_layer(spar_dtype_t element, cudaStream_t stream,
                                   const spar_cuda_view_t *view,
                                   const spar_cuda_tables_t *tables,
                                   uint64_t launch)
{
    const uint32_t tiles = spar_cuda_tiles(view->n);

#define START(FROM)                                                            \
    SPAR_LAUNCH((emit_layer<FROM>), tiles, SPAR_CUDA_THREADS, 0, stream,       \
                *view, *tables, launch)
    SPAR_CUDA_FOR_ELEMENT(element, START)
#undef START
    return spar_cuda_launched("writing entries");
}

spar_status_t spar_cuda_emit_candidates(spar_dtype_t dtype, cudaStream_t stream,
                                        const spar_cuda_view_t *view,
                                        const spar_cuda_tables_t *tables,
                                        uint64_t launch)
{
    const uint64_t tiles = spar_cuda_tiles(view->n);
    const uint32_t grid =
        (uint32_t)((tiles + SPAR_CUDA_SPAN - 1) / SPAR_CUDA_SPAN);

    if (dtype == SPAR_DTYPE_F64) {
        SPAR_LAUNCH((emit_candidates<spar_cuda_f64_t>), grid, SPAR_CUDA_THREADS,
                    0, stream, *tables, view->n, launch);
    } else {
        SPAR_LAUNCH((emit_candidates<spar_cuda_f32_t>), grid, SPAR_CUDA_THREADS,
                    0, stream, *tables, view->n, launch);
    }
    return spar_cuda_launched("writing entries");
}

const void *const spar_cuda_emit_kernels[] = {
    SPAR_CUDA_OF_SUMS(emit_candidates), SPAR_CUDA_OF_ELEMENTS(emit_layer),
    NULL};
