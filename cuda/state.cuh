/*
 * Spar: what the kernels of one selection tell each other, and their ways of
 * working together. A grid ends with its last block: the one that finds that
 * all others are through does what needs the results of all. So the kernels of
 * a selection follow each other without the host, which only looks when all
 * have run.
 *
 * All kernels have blocks of SPAR_CUDA_THREADS threads.
 */
#ifndef SPAR_CUDA_STATE_CUH
#define SPAR_CUDA_STATE_CUH

#include "cuda/element.cuh"
#include "cuda/launch.h"

extern "C" {
#include "sparsify/values.h"
}

#define SPAR_CUDA_THREADS 256
#define SPAR_CUDA_WARPS   (SPAR_CUDA_THREADS / 32)
#define SPAR_CUDA_ALL     0xffffffffu /* lanes of a warp */

/* Before a loop: of so many of its turns, the loads come first. */
#ifdef __CUDACC__
#define SPAR_UNROLL_PRAGMA(what) _Pragma(#what)
#define SPAR_UNROLL(turns)       SPAR_UNROLL_PRAGMA(unroll turns)
#else
#define SPAR_UNROLL(turns)
#endif

/* Elements of a layer that a block takes, and how many a thread does. */
#define SPAR_CUDA_TILE  4096
#define SPAR_CUDA_ITEMS (SPAR_CUDA_TILE / SPAR_CUDA_THREADS)

/* Neighbouring tiles whose candidates a block takes; a power of two. */
#define SPAR_CUDA_SPAN 64

/* Most entries that the last block of the kernel that has written them codes
 * alone; the host codes more. */
#define SPAR_CUDA_CODED 65536

/* Of a kernel that takes several tiles per block; more than run at once. */
#define SPAR_CUDA_MOST_BLOCKS 1024

/* Bits of a key that are found at a time. */
#define SPAR_CUDA_DIGIT_BITS 12
#define SPAR_CUDA_BUCKETS    (1u << SPAR_CUDA_DIGIT_BITS)
/* So few keys are compared with each other instead. */
#define SPAR_CUDA_LIST 512

/* In device memory; the host writes it before and reads it after. */
typedef struct spar_cuda_state {
    /* The key looked for is in [low, low + 2^width), in which it is number
     * `rank` (1: the largest) of `in_range`. Once width is 0: entries with keys
     * above `low` go, and of those with this key the first `rank`. */
    uint64_t low;
    uint64_t rank;
    uint64_t in_range;
    uint64_t found;     /* candidates */
    uint64_t beyond;    /* of them, those above the range */
    uint64_t count;     /* entries written, or that there was no room for */
    uint64_t above;     /* elements above the threshold (Gaussian-k) */
    uint64_t expected;  /* the same for the final one, where in bounds */
    double threshold;   /* Gaussian-k */
    uint32_t refined;   /* its refinements that were counted */
    uint32_t settled;   /* its threshold is final */
    uint32_t in_bounds; /* `expected` is known */
    uint64_t quotients; /* of all distances together, as they are coded */
    uint32_t parameter; /* of the coding of the indices */
    uint32_t coded;     /* they are coded: the parts of the payload are there */
    uint32_t width;
    uint32_t few;       /* there are fewer than k non-zero elements */
    uint32_t nonfinite; /* some element is NaN or infinite */
    uint32_t stopped;   /* the candidates do not hold the answer */
    uint32_t listed;    /* keys in the list */
    uint32_t done;      /* blocks that are through */
    uint32_t ticket;    /* blocks that have begun */
} spar_cuda_state_t;

/* What one block after the other adds up (spar_cuda_before). Valid for the
 * launch whose number is in `flag`. */
typedef struct spar_cuda_part {
    uint64_t flag;   /* 2 launch: own numbers; 2 launch + 1: also before */
    uint32_t own[2]; /* of this block */
    uint32_t all[2]; /* of this block and all before it */
} spar_cuda_part_t;

/* The memory that a selection works in, all on the device. */
typedef struct spar_cuda_tables {
    spar_cuda_state_t *state;
    uint32_t *buckets; /* SPAR_CUDA_BUCKETS, zero between kernels */
    uint64_t *list;    /* SPAR_CUDA_LIST: keys less `low` */
    /* Candidates in no order, but those of a tile together and in theirs. */
    uint32_t *candidate_indices;
    void *candidate_values;
    uint32_t capacity;
    uint32_t *tile_at; /* a tile's first candidate */
    uint32_t *tile_count;
    spar_cuda_part_t *parts; /* a tile's */
    double *moments;         /* two numbers per tile; NULL: not needed */
    /* Entries. */
    uint32_t *indices;
    void *values;
    uint64_t room;
    /* The same as they travel (sparsify/wire.h): two bit vectors, which are
     * zero before; scales and values, where these are rounded. */
    uint32_t *bits;
    uint32_t *low;
    unsigned char *scales;
    unsigned char *packed;
    spar_values_t travels; /* how values are rounded, and with which seed */
    uint64_t seed;
} spar_cuda_tables_t;

/* Past the first-level cache, which does not see what other blocks write. */
template <class T> static __device__ inline T spar_cuda_fresh(const T *from)
{
    return *(const volatile T *)from;
}

/* The thread's sums of a tile, the first of which is element `begin`; behind
 * the end of the layer there are zeros. Where nothing is asked between them,
 * all loads of a tile are under way before the first one is needed. */
template <class FROM>
static __device__ inline void spar_cuda_load_tile(
    const spar_cuda_view_t &view, uint64_t begin,
    typename FROM::sum::real values[SPAR_CUDA_ITEMS])
{
    typedef typename FROM::sum::real real;
    const real *residual = (const real *)view.residual;

    if (begin - threadIdx.x + SPAR_CUDA_TILE > view.n) {
        for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
            const uint64_t at = begin + i * SPAR_CUDA_THREADS;

            values[i] = at < view.n ? spar_cuda_acc<FROM>(view, at) : (real)0;
        }
        return;
    }
    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        values[i] = FROM::load(view.gradient, begin + i * SPAR_CUDA_THREADS);
    }
    if (residual != NULL) {
        SPAR_UNROLL(16)
        for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
            values[i] = values[i] + residual[begin + i * SPAR_CUDA_THREADS];
        }
    }
}

/* Whether all other blocks of the grid are through; the same in all threads of
 * a block. What they wrote can be read then. One thread's fences count for all
 * of its block, since there are barriers between them and the others. */
static __device__ inline bool spar_cuda_last_block(spar_cuda_state_t *state)
{
    __shared__ bool last;

    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(&state->done, 1u) == gridDim.x - 1;
        if (last) {
            __threadfence();
            state->done = 0;
        }
    }
    __syncthreads();
    return last;
}

static __device__ inline uint64_t spar_cuda_add(uint64_t *to, uint64_t value)
{
    return atomicAdd((unsigned long long *)to, (unsigned long long)value);
}

/* Numbers blocks in the order in which they begin: then those before a block
 * never wait for it. */
static __device__ inline uint32_t spar_cuda_ticket(spar_cuda_state_t *state)
{
    __shared__ uint32_t ticket;

    if (threadIdx.x == 0) {
        ticket = atomicAdd(&state->ticket, 1u);
    }
    __syncthreads();
    return ticket;
}

/* Sum over the threads up to this one. */
static __device__ inline uint64_t spar_cuda_scan(uint64_t value)
{
    __shared__ uint64_t warps[SPAR_CUDA_WARPS];
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned step, w;

    for (step = 1; step < 32; step *= 2) {
        uint64_t other = __shfl_up_sync(SPAR_CUDA_ALL, value, step);

        value += lane >= step ? other : 0;
    }
    if (lane == 31) {
        warps[warp] = value;
    }
    __syncthreads();
    for (w = 0; w < warp; w++) {
        value += warps[w];
    }
    __syncthreads();
    return value;
}

static __device__ inline uint32_t spar_cuda_warp_sum(uint32_t value)
{
    unsigned step;

    for (step = 16; step > 0; step /= 2) {
        value += __shfl_xor_sync(SPAR_CUDA_ALL, value, step);
    }
    return value;
}

/* Publishes a part, or what has been found out about it. By one thread. */
static __device__ inline void spar_cuda_publish(spar_cuda_part_t *part,
                                                uint64_t flag)
{
    __threadfence();
    *(volatile uint64_t *)&part->flag = flag;
}

/* Adds up the parts before `block`, 32 at a time, back to one that knows its
 * own sum (decoupled look-back: Merrill and Garland 2016). By one warp. */
static __device__ inline void spar_cuda_look_back(const spar_cuda_part_t *parts,
                                                  uint64_t launch,
                                                  uint32_t block,
                                                  uint32_t before[2])
{
    int64_t at = (int64_t)block - 1 - (int64_t)(threadIdx.x % 32);
    uint32_t knows = 0;

    before[0] = 0;
    before[1] = 0;
    while (knows == 0) {
        const spar_cuda_part_t *part = parts + (at < 0 ? 0 : at);
        uint64_t flag;
        bool all, counts;

        do {
            flag = at < 0 ? 2 * launch + 1 : spar_cuda_fresh(&part->flag);
        } while (__any_sync(SPAR_CUDA_ALL, flag / 2 != launch));
        __threadfence();
        all = flag % 2 != 0;
        knows = __ballot_sync(SPAR_CUDA_ALL, all);
        /* Lanes up to the first one that knows. */
        counts = at >= 0 && (knows & ((1u << (threadIdx.x % 32)) - 1)) == 0;
        for (int i = 0; i < 2; i++) {
            uint32_t number =
                !counts ? 0
                        : spar_cuda_fresh(all ? &part->all[i] : &part->own[i]);

            before[i] += spar_cuda_warp_sum(number);
        }
        at -= 32;
    }
}

/*
 * Each block of the grid, by its ticket, has two numbers (the same arguments in
 * all of its threads); before[] becomes their sums over all blocks before it.
 * Sums are less than 2^32.
 */
static __device__ inline void spar_cuda_before(spar_cuda_part_t *parts,
                                               uint64_t launch, uint32_t block,
                                               const uint32_t own[2],
                                               uint32_t before[2])
{
    __shared__ uint32_t shared[2];
    spar_cuda_part_t *part = parts + block;

    if (threadIdx.x == 0) {
        part->own[0] = own[0];
        part->own[1] = own[1];
        spar_cuda_publish(part, 2 * launch);
    }
    if (threadIdx.x < 32) {
        uint32_t sums[2];

        spar_cuda_look_back(parts, launch, block, sums);
        if (threadIdx.x == 0) {
            shared[0] = sums[0];
            shared[1] = sums[1];
            part->all[0] = sums[0] + own[0];
            part->all[1] = sums[1] + own[1];
            spar_cuda_publish(part, 2 * launch + 1);
        }
    }
    __syncthreads();
    before[0] = shared[0];
    before[1] = shared[1];
    __syncthreads();
}

#endif
