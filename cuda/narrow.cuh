/*
 * Spar: the key of a rank, found bit by bit: the keys of a range are counted in
 * buckets, and the bucket that holds it is the next range. Its keys are soon so
 * few that they are compared with each other, all at once.
 */
#ifndef SPAR_CUDA_NARROW_CUH
#define SPAR_CUDA_NARROW_CUH

#include "cuda/resolve.cuh"

/* What candidates and layers have in common: `count` sums. */
template <class SUM> struct spar_cuda_candidates {
    typedef SUM sum;
    const spar_cuda_tables_t &tables;

    __device__ uint64_t count() const
    {
        return spar_cuda_fresh(&tables.state->found);
    }
    __device__ typename SUM::real at(uint64_t i) const
    {
        return ((const typename SUM::real *)tables.candidate_values)[i];
    }
};

template <class FROM> struct spar_cuda_elements {
    typedef typename FROM::sum sum;
    const spar_cuda_view_t &view;

    __device__ uint64_t count() const
    {
        return view.n;
    }
    __device__ typename sum::real at(uint64_t i) const
    {
        return spar_cuda_acc<FROM>(view, i);
    }
};

/* Sums of a thread that are loaded at once. What is done with one of them may
 * write to memory, ahead of which a compiler does not load the next one. */
#define SPAR_CUDA_AHEAD 8

/* Sum number `first` and every `step`th one behind it; zeros behind the end. */
template <class SOURCE>
static __device__ inline void spar_cuda_load_ahead(
    const SOURCE &source, uint64_t first, uint64_t step, uint64_t count,
    typename SOURCE::sum::real values[SPAR_CUDA_AHEAD])
{
    typedef typename SOURCE::sum::real real;

    if (first + (SPAR_CUDA_AHEAD - 1) * step < count) {
        SPAR_UNROLL(8)
        for (unsigned i = 0; i < SPAR_CUDA_AHEAD; i++) {
            values[i] = source.at(first + i * step);
        }
        return;
    }
    SPAR_UNROLL(8)
    for (unsigned i = 0; i < SPAR_CUDA_AHEAD; i++) {
        const uint64_t at = first + i * step;

        values[i] = at < count ? source.at(at) : (real)0;
    }
}

/* Calls take(key - low) for the keys of the range among sum number `first` and
 * every `step`th one behind it. Whether any of these is not finite. */
template <class SOURCE, class TAKE>
static __device__ inline bool spar_cuda_for_keys(const SOURCE &source,
                                                 const spar_cuda_state_t *state,
                                                 uint64_t first, uint64_t step,
                                                 const TAKE &take)
{
    typedef typename SOURCE::sum sum_t;
    typedef typename sum_t::key key_t;
    const key_t low = (key_t)state->low;
    const uint32_t width = state->width;
    const uint64_t count = source.count();
    bool nonfinite = false;

    for (uint64_t i = first; i < count; i += SPAR_CUDA_AHEAD * step) {
        typename sum_t::real values[SPAR_CUDA_AHEAD];

        spar_cuda_load_ahead(source, i, step, count, values);
        SPAR_UNROLL(8)
        for (unsigned j = 0; j < SPAR_CUDA_AHEAD; j++) {
            const key_t key = spar_cuda_key<sum_t>(values[j]);

            nonfinite |= key >= sum_t::infinity;
            /* Keys below the range wrap around; so do zeros, since no range
             * has them. */
            if ((key_t)(key - low) >> width == 0) {
                take((key_t)(key - low));
            }
        }
    }
    return nonfinite;
}

struct spar_cuda_into_list {
    const spar_cuda_tables_t &tables;

    template <class KEY> __device__ void operator()(KEY key) const
    {
        tables.list[atomicAdd(&tables.state->listed, 1u)] = key;
    }
};

struct spar_cuda_into_buckets {
    uint32_t *buckets;
    uint32_t shift;

    template <class KEY> __device__ void operator()(KEY key) const
    {
        atomicAdd(buckets + (key >> shift), 1u);
    }
};

/* By the last block: the key of the rank in the list. */
static __device__ inline void spar_cuda_list_end(
    const spar_cuda_tables_t &tables)
{
    __shared__ uint64_t keys[SPAR_CUDA_LIST];
    __shared__ uint64_t key, rank;
    spar_cuda_state_t *state = tables.state;
    const uint32_t count = spar_cuda_fresh(&state->listed);

    for (uint32_t i = threadIdx.x; i < count; i += SPAR_CUDA_THREADS) {
        keys[i] = spar_cuda_fresh(tables.list + i);
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < count; i += SPAR_CUDA_THREADS) {
        uint32_t above = 0, equal = 0, before = 0;

        for (uint32_t j = 0; j < count; j++) {
            above += keys[j] > keys[i];
            equal += keys[j] == keys[i];
            before += j < i && keys[j] == keys[i];
        }
        if (before == 0 && above < state->rank &&
            state->rank <= above + equal) {
            key = keys[i];
            rank = state->rank - above;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        state->low += key;
        state->rank = rank;
        state->width = 0;
        state->listed = 0;
    }
}

/* By the last block of the kernel that found the candidates: all steps, down to
 * the key. */
template <class SUM>
static __device__ inline void spar_cuda_narrow_alone(
    const spar_cuda_tables_t &tables)
{
    const spar_cuda_candidates<SUM> source = {tables};
    spar_cuda_state_t *state = tables.state;

    while (state->width != 0) {
        if (state->in_range <= SPAR_CUDA_LIST) {
            const spar_cuda_into_list take = {tables};

            spar_cuda_for_keys(source, state, threadIdx.x, SPAR_CUDA_THREADS,
                               take);
            __syncthreads();
            spar_cuda_list_end(tables);
        } else {
            const spar_cuda_into_buckets take = {tables.buckets,
                                                 spar_cuda_shift(state->width)};

            spar_cuda_for_keys(source, state, threadIdx.x, SPAR_CUDA_THREADS,
                               take);
            __syncthreads();
            spar_cuda_resolve(tables);
        }
        __syncthreads();
    }
}

#endif
