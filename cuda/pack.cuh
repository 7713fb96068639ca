/*
 * Spar: entries as they travel: values rounded, and all of it coded as
 * spar_wire_encode does. A thread has some entries that follow each other, four
 * threads a group of values with one scale.
 */
#ifndef SPAR_CUDA_PACK_CUH
#define SPAR_CUDA_PACK_CUH

#include "cuda/measure.cuh"

extern "C" {
#include "sparsify/values_round.h"
}

#define SPAR_CUDA_TOGETHER (SPAR_VALUES_GROUP / SPAR_CUDA_ITEMS)

static __device__ inline bool spar_cuda_is_rounded(spar_values_t kind)
{
    return kind != SPAR_VALUES_F32 && kind != SPAR_VALUES_F64;
}

/* The largest magnitude of the group. */
static __device__ inline uint32_t spar_cuda_group_most(
    const float values[SPAR_CUDA_ITEMS])
{
    uint32_t most = 0;

    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        const uint32_t magnitude =
            spar_half_bits(values[i]) & SPAR_VALUES_MAGNITUDE;

        most = magnitude > most ? magnitude : most;
    }
    for (unsigned step = 1; step < SPAR_CUDA_TOGETHER; step *= 2) {
        const uint32_t other = __shfl_xor_sync(SPAR_CUDA_ALL, most, step);

        most = other > most ? other : most;
    }
    return most;
}

static __device__ inline void spar_cuda_round_values(
    spar_values_t kind, uint64_t seed, uint64_t first,
    float values[SPAR_CUDA_ITEMS])
{
    if (kind == SPAR_VALUES_BF16) {
        for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
            values[i] = spar_round_bf16(values[i], seed, first + i);
        }
        return;
    }
    const uint32_t scale =
        spar_values_scale_of(kind, spar_cuda_group_most(values));

    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        values[i] = seed == 0 ? spar_round_scaled(kind, values[i], scale)
                              : spar_round_scaled_some(kind, values[i], scale,
                                                       seed, first + i);
    }
}

static __device__ inline void spar_cuda_put16(unsigned char *to, uint64_t i,
                                              uint32_t bits)
{
    ((uint16_t *)to)[i] = (uint16_t)bits;
}

/* Rounded values of entries from `first` on, of which `n` are the thread's. */
static __device__ inline void spar_cuda_pack_values(
    spar_values_t kind, const spar_cuda_tables_t &tables, uint64_t first,
    unsigned n, const float values[SPAR_CUDA_ITEMS])
{
    const uint32_t scale =
        spar_values_scale_of(kind, spar_cuda_group_most(values));
    const float inverse = spar_values_inverse(scale);

    if (kind != SPAR_VALUES_BF16 && n > 0 && first % SPAR_VALUES_GROUP == 0) {
        tables.scales[first / SPAR_VALUES_GROUP] = (unsigned char)scale;
    }
    for (unsigned i = 0; i < n; i++) {
        const float value = values[i];

        if (kind == SPAR_VALUES_BF16) {
            spar_cuda_put16(tables.packed, first + i,
                            spar_half_bits(value) >> 16);
        } else if (kind == SPAR_VALUES_FP16) {
            spar_cuda_put16(tables.packed, first + i,
                            spar_values_half(value * inverse));
        } else {
            tables.packed[first + i] = spar_values_int8(value * inverse);
        }
    }
}

/* Beyond the last entry there are zeros, which change no scale. */
static __device__ inline void spar_cuda_values_of(
    const spar_cuda_tables_t &tables, uint64_t first, unsigned n)
{
    const spar_values_t kind = tables.travels;
    float *all = (float *)tables.values;
    float values[SPAR_CUDA_ITEMS];

    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        values[i] = i < n ? all[first + i] : 0.0f;
    }
    spar_cuda_round_values(kind, tables.seed, first, values);
    for (unsigned i = 0; i < n; i++) {
        all[first + i] = values[i];
    }
    spar_cuda_pack_values(kind, tables, first, n, values);
}

/* Bits into the vector, from bit `at` on. */
static __device__ inline void spar_cuda_put_bits(uint32_t *vector, uint64_t at,
                                                 uint32_t bits)
{
    const uint64_t wide = (uint64_t)bits << (at % 32);

    if ((uint32_t)wide != 0) {
        atomicOr(vector + at / 32, (uint32_t)wide);
    }
    if (wide >> 32 != 0) {
        atomicOr(vector + at / 32 + 1, (uint32_t)(wide >> 32));
    }
}

/* Entries `first` to `first` + n are this thread's, after quotients of `before`
 * in all: a one behind them and the ones of the entries before. Returns what
 * the block's entries add to the quotients. */
static __device__ inline uint64_t spar_cuda_pack_indices(
    const spar_cuda_tables_t &tables, uint64_t before, uint64_t first,
    unsigned n)
{
    __shared__ uint64_t all;
    const unsigned parameter = spar_cuda_fresh(&tables.state->parameter);
    const uint32_t mask = ((uint32_t)1 << parameter) - 1;
    uint32_t distances[SPAR_CUDA_ITEMS];
    uint64_t sum = 0, upto;

    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        distances[i] =
            i < n ? spar_cuda_distance(tables.indices, first + i) : 0;
    }
    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        sum += distances[i] >> parameter;
    }
    upto = spar_cuda_scan(sum);
    if (threadIdx.x == SPAR_CUDA_THREADS - 1) {
        all = upto;
    }
    __syncthreads();
    upto += before - sum;
    SPAR_UNROLL(16)
    for (unsigned i = 0; i < SPAR_CUDA_ITEMS; i++) {
        if (i < n) {
            upto += distances[i] >> parameter;
            spar_cuda_put_bits(tables.bits, upto + first + i, 1);
            spar_cuda_put_bits(tables.low, (first + i) * parameter,
                               distances[i] & mask);
        }
    }
    return all;
}

/* This thread's entries of a tile of `count` entries: the first, and *n_p. */
static __device__ inline uint64_t spar_cuda_mine(uint64_t tile, uint64_t count,
                                                 unsigned *n_p)
{
    const uint64_t first =
        tile * SPAR_CUDA_TILE + threadIdx.x * SPAR_CUDA_ITEMS;

    *n_p = first >= count                    ? 0
           : count - first < SPAR_CUDA_ITEMS ? (unsigned)(count - first)
                                             : SPAR_CUDA_ITEMS;
    return first;
}

/* By the last block of the kernel that has written the entries, out of `span`
 * elements; nothing where they are too many: state->coded. */
static __device__ inline void spar_cuda_pack_alone(
    const spar_cuda_tables_t &tables, uint64_t span)
{
    spar_cuda_state_t *state = tables.state;
    const uint64_t count = spar_cuda_fresh(&state->count);
    uint64_t quotients = 0;

    if (count > SPAR_CUDA_CODED || count > tables.room ||
        spar_cuda_fresh(&state->nonfinite) != 0) {
        return;
    }
    spar_cuda_measure(tables, span, count);
    __syncthreads();
    for (uint64_t tile = 0; tile * SPAR_CUDA_TILE < count; tile++) {
        unsigned n;
        const uint64_t first = spar_cuda_mine(tile, count, &n);

        if (spar_cuda_is_rounded(tables.travels)) {
            spar_cuda_values_of(tables, first, n);
        }
        if (count < span) {
            quotients += spar_cuda_pack_indices(tables, quotients, first, n);
        }
        __syncthreads();
    }
}

#endif
