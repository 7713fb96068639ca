#include "cuda/kernels.cuh"
#include "cuda/measure.cuh"

extern "C" {
#include "sparsify/values_round.h"
}

/*
 * Entries as they travel: values rounded, and all of it coded as
 * spar_wire_encode does. A thread has some entries that follow each other, four
 * threads a group of values with one scale.
 */
#define ITEMS    (SPAR_CUDA_TILE / SPAR_CUDA_THREADS)
#define TOGETHER (SPAR_VALUES_GROUP / ITEMS)

/* The largest magnitude of the group. */
static __device__ inline uint32_t group_most(const float values[ITEMS])
{
    uint32_t most = 0;

    for (unsigned i = 0; i < ITEMS; i++) {
        const uint32_t magnitude =
            spar_half_bits(values[i]) & SPAR_VALUES_MAGNITUDE;

        most = magnitude > most ? magnitude : most;
    }
    for (unsigned step = 1; step < TOGETHER; step *= 2) {
        const uint32_t other = __shfl_xor_sync(SPAR_CUDA_ALL, most, step);

        most = other > most ? other : most;
    }
    return most;
}

static __device__ inline void round_values(spar_values_t kind, uint64_t seed,
                                           uint64_t first, float values[ITEMS])
{
    if (kind == SPAR_VALUES_BF16) {
        for (unsigned i = 0; i < ITEMS; i++) {
            values[i] = spar_round_bf16(values[i], seed, first + i);
        }
        return;
    }
    const uint32_t scale = spar_values_scale_of(kind, group_most(values));

    for (unsigned i = 0; i < ITEMS; i++) {
        values[i] = seed == 0 ? spar_round_scaled(kind, values[i], scale)
                              : spar_round_scaled_some(kind, values[i], scale,
                                                       seed, first + i);
    }
}

static __device__ inline void put16(unsigned char *to, uint64_t i,
                                    uint32_t bits)
{
    ((uint16_t *)to)[i] = (uint16_t)bits;
}

/* Rounded values of entries from `first` on, of which `n` are the thread's. */
static __device__ inline void pack_values(spar_values_t kind,
                                          const spar_cuda_tables_t &tables,
                                          uint64_t first, unsigned n,
                                          const float values[ITEMS])
{
    const uint32_t scale = spar_values_scale_of(kind, group_most(values));
    const float inverse = spar_values_inverse(scale);

    if (kind != SPAR_VALUES_BF16 && n > 0 && first % SPAR_VALUES_GROUP == 0) {
        tables.scales[first / SPAR_VALUES_GROUP] = (unsigned char)scale;
    }
    for (unsigned i = 0; i < n; i++) {
        const float value = values[i];

        if (kind == SPAR_VALUES_BF16) {
            put16(tables.packed, first + i, spar_half_bits(value) >> 16);
        } else if (kind == SPAR_VALUES_FP16) {
            put16(tables.packed, first + i, spar_values_half(value * inverse));
        } else {
            tables.packed[first + i] = spar_values_int8(value * inverse);
        }
    }
}

/* Beyond the last entry there are zeros, which change no scale. */
static __device__ inline void values_of(spar_values_t kind, uint64_t seed,
                                        const spar_cuda_tables_t &tables,
                                        uint64_t first, unsigned n)
{
    float *all = (float *)tables.values;
    float values[ITEMS];

    for (unsigned i = 0; i < ITEMS; i++) {
        values[i] = i < n ? all[first + i] : 0.0f;
    }
    round_values(kind, seed, first, values);
    for (unsigned i = 0; i < n; i++) {
        all[first + i] = values[i];
    }
    pack_values(kind, tables, first, n, values);
}

/* Bits into the vector, from bit `at` on. */
static __device__ inline void put_bits(uint32_t *vector, uint64_t at,
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

/* A one after all quotients so far and the ones of the entries before. */
static __device__ inline void pack_indices(const spar_cuda_tables_t &tables,
                                           uint64_t launch, uint32_t block,
                                           uint64_t first, unsigned n)
{
    const unsigned parameter = tables.state->parameter;
    const uint32_t mask = ((uint32_t)1 << parameter) - 1;
    uint32_t distances[ITEMS], before[2], own[2] = {0, 0};
    __shared__ uint32_t all;
    uint64_t sum = 0, upto;

    for (unsigned i = 0; i < n; i++) {
        distances[i] = spar_cuda_distance(tables.indices, first + i);
        sum += distances[i] >> parameter;
    }
    upto = spar_cuda_scan(sum);
    if (threadIdx.x == SPAR_CUDA_THREADS - 1) {
        all = (uint32_t)upto;
    }
    __syncthreads();
    own[0] = all;
    spar_cuda_before(tables.parts, launch, block, own, before);
    upto += before[0] - sum;
    for (unsigned i = 0; i < n; i++) {
        upto += distances[i] >> parameter;
        put_bits(tables.bits, upto + first + i, 1);
        put_bits(tables.low, (first + i) * parameter, distances[i] & mask);
    }
}

static __global__ void __launch_bounds__(SPAR_CUDA_THREADS)
    pack(spar_cuda_tables_t tables, uint64_t span, spar_values_t kind,
         uint64_t seed, uint64_t launch)
{
    spar_cuda_state_t *state = tables.state;
    const uint64_t count = state->count;
    uint32_t block;
    uint64_t first;
    unsigned n;

    if (state->stopped != 0 || state->nonfinite != 0 || count > tables.room) {
        return;
    }
    block = spar_cuda_ticket(state);
    first = (uint64_t)block * SPAR_CUDA_TILE + threadIdx.x * ITEMS;
    n = first >= count          ? 0
        : count - first < ITEMS ? (unsigned)(count - first)
                                : ITEMS;
    if (kind != SPAR_VALUES_F32 && kind != SPAR_VALUES_F64) {
        values_of(kind, seed, tables, first, n);
    }
    if (state->coded != 0 && count < span) {
        pack_indices(tables, launch, block, first, n);
    }
    if (spar_cuda_last_block(state) && threadIdx.x == 0) {
        state->ticket = 0;
    }
}

spar_status_t spar_cuda_pack(cudaStream_t stream,
                             const spar_cuda_tables_t *tables, uint64_t span,
                             spar_values_t values, uint64_t seed,
                             uint64_t launch)
{
    const uint32_t blocks = spar_cuda_tiles(tables->room);

    SPAR_LAUNCH(pack, blocks, SPAR_CUDA_THREADS, 0, stream, *tables, span,
                values, seed, launch);
    return spar_cuda_launched("coding entries");
}
