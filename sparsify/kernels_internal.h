/*
 * Spar: what the kernel files of all instruction sets share.
 *
 * Magnitudes are compared as integers: without its sign bit, the pattern of
 * an IEEE number grows with its magnitude, denormals included, and NaN and
 * infinity lie above all finite numbers. One comparison against a threshold
 * therefore finds the entries and the non-finite elements, whatever
 * flush-to-zero mode the application has set.
 */
#ifndef SPAR_SPARSIFY_KERNELS_INTERNAL_H
#define SPAR_SPARSIFY_KERNELS_INTERNAL_H

#include "base/half.h"
#include "sparsify/kernels.h"
#include "sparsify/wire_kernels.h"

#include <string.h>

#define SPAR_KEY_MASK_F32     0x7fffffff
#define SPAR_KEY_MASK_F64     0x7fffffffffffffff
#define SPAR_KEY_INFINITY_F32 0x7f800000
#define SPAR_KEY_INFINITY_F64 0x7ff0000000000000

/* The accumulators of a chunk or block. */
typedef struct spar_moment_lanes {
    double sum[SPAR_MOMENT_LANES];
    double sum2[SPAR_MOMENT_LANES];
} spar_moment_lanes_t;

/* Where the sums of all blocks go. */
typedef struct spar_moment_slots {
    double sum[SPAR_MOMENT_SLOTS];
    double sum2[SPAR_MOMENT_SLOTS];
} spar_moment_slots_t;

extern const spar_kernels_t spar_kernels_scalar;
#ifdef SPAR_KERNELS_X86
extern const spar_kernels_t spar_kernels_avx2;
extern const spar_kernels_t spar_kernels_avx512;
/* Must have been called once before the AVX2 table is used. */
void spar_kernels_avx2_prepare(void);
/* Entry m: the numbers of the bits set in m, ascending, a byte each. */
extern uint64_t spar_kernels_avx2_places[256];
#endif

static inline int32_t spar_key_f32(float value)
{
    int32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits & SPAR_KEY_MASK_F32;
}

static inline int64_t spar_key_f64(double value)
{
    int64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits & SPAR_KEY_MASK_F64;
}

static inline void spar_moments_add(spar_moment_lanes_t *lanes, size_t index,
                                    double value)
{
    lanes->sum[index % SPAR_MOMENT_LANES] += value;
    lanes->sum2[index % SPAR_MOMENT_LANES] += value * value;
}

/* A chunk's to its block's. */
static inline void spar_moments_join(spar_moment_lanes_t *lanes,
                                     const spar_moment_lanes_t *chunk)
{
    size_t i;

    for (i = 0; i < SPAR_MOMENT_LANES; i++) {
        lanes->sum[i] += chunk->sum[i];
        lanes->sum2[i] += chunk->sum2[i];
    }
}

/* The sum of all ends in the first one. `count` is a power of two. */
static inline void spar_moments_pairwise(double *values, size_t count)
{
    size_t half, i;

    for (half = count / 2; half > 0; half /= 2) {
        for (i = 0; i < half; i++) {
            values[i] += values[i + half];
        }
    }
}

/* Block number `block`. */
static inline void spar_moments_enter(spar_moment_slots_t *slots, size_t block,
                                      spar_moment_lanes_t *lanes)
{
    spar_moments_pairwise(lanes->sum, SPAR_MOMENT_LANES);
    spar_moments_pairwise(lanes->sum2, SPAR_MOMENT_LANES);
    slots->sum[block % SPAR_MOMENT_SLOTS] += lanes->sum[0];
    slots->sum2[block % SPAR_MOMENT_SLOTS] += lanes->sum2[0];
}

static inline spar_moments_t spar_moments_combine(spar_moment_slots_t *slots)
{
    spar_moments_t moments;

    spar_moments_pairwise(slots->sum, SPAR_MOMENT_SLOTS);
    spar_moments_pairwise(slots->sum2, SPAR_MOMENT_SLOTS);
    moments.sum = slots->sum[0];
    moments.sum2 = slots->sum2[0];
    return moments;
}

/* The table of the functions that the including file defines. */
#define SPAR_KERNELS_TABLE(set, wire_set)                                      \
    {                                                                          \
        .name = (set), .wire = &(wire_set), .scan_f32 = scan_f32,              \
        .scan_f64 = scan_f64, .count_f32 = count_f32, .count_f64 = count_f64,  \
        .moments_f32 = moments_f32, .moments_f64 = moments_f64,                \
        .commit_f32 = commit_f32, .commit_f64 = commit_f64,                    \
        .clear_f32 = clear_f32, .clear_f64 = clear_f64,                        \
        .widen_f16 = widen_f16, .widen_bf16 = widen_bf16,                      \
        .narrow_f16 = narrow_f16, .narrow_bf16 = narrow_bf16,                  \
        .largest_f32 = largest_f32, .quantise = quantise,                      \
        .quantise_get = quantise_get, .quantise_add = quantise_add             \
    }

#endif
