#include "sparsify/radix.h"

#include "sparsify/kernels_internal.h"

#define DIGIT_BITS 11
#define BUCKETS    (1u << DIGIT_BITS)

static inline uint64_t key_at(spar_dtype_t dtype, const void *values, size_t i)
{
    return dtype == SPAR_DTYPE_F64
               ? (uint64_t)spar_key_f64(((const double *)values)[i])
               : (uint64_t)spar_key_f32(((const float *)values)[i]);
}

/* Keys in [low, high] that are left to look at. */
typedef struct range {
    uint64_t low;
    uint64_t high;
} range_t;

static inline range_t keys_range(spar_dtype_t dtype, const void *values,
                                 size_t count)
{
    range_t range = {UINT64_MAX, 0};
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t key = key_at(dtype, values, i);

        range.low = key < range.low ? key : range.low;
        range.high = key > range.high ? key : range.high;
    }
    return range;
}

static unsigned digit_shift(range_t range)
{
    unsigned shift = 0;

    while (((range.high - range.low) >> shift) >= BUCKETS) {
        shift++;
    }
    return shift;
}

/*
 * Finds the key of rank *rank_p (1: the largest) in the range. Digits are
 * taken relative to the range that is left, not to the whole word: candidates
 * lie close together, and would otherwise all fall into a few buckets.
 * *rank_p becomes the rank among the entries that have this very key.
 */
static inline uint64_t key_of_rank(spar_dtype_t dtype, const void *values,
                                   size_t count, size_t *rank_p)
{
    range_t range = keys_range(dtype, values, count);
    size_t rank = *rank_p;

    while (range.low < range.high) {
        unsigned shift = digit_shift(range);
        uint32_t buckets[BUCKETS + 1] = {0};
        uint64_t bucket = (range.high - range.low) >> shift;
        size_t i;

        for (i = 0; i < count; i++) {
            uint64_t digit = (key_at(dtype, values, i) - range.low) >> shift;

            /* Keys outside of the range, also those below it, which wrap
             * around, go to a bucket of their own: a branch would be hard to
             * predict. */
            buckets[digit < BUCKETS ? digit : BUCKETS]++;
        }
        while (buckets[bucket] < rank) {
            rank -= buckets[bucket--];
        }
        range.low += bucket << shift;
        range.high = range.low + (((uint64_t)1 << shift) - 1);
    }
    *rank_p = rank;
    return range.low;
}

/* Keeps what lies above the key, and the first `ties` that have it. */
static inline void keep_from(spar_dtype_t dtype, spar_selection_t *selection,
                             uint64_t least, size_t ties)
{
    uint32_t *indices = selection->indices;
    size_t kept = 0;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        uint64_t key = key_at(dtype, selection->values, i);
        size_t tie = (size_t)(key == least) & (size_t)(ties > 0);

        indices[kept] = indices[i];
        if (dtype == SPAR_DTYPE_F64) {
            ((double *)selection->values)[kept] =
                ((double *)selection->values)[i];
        } else {
            ((float *)selection->values)[kept] =
                ((float *)selection->values)[i];
        }
        /* No branch: whether an entry stays is hard to predict. */
        kept += (size_t)(key > least) | tie;
        ties -= tie;
    }
    selection->count = kept;
}

static inline uint64_t keep(spar_dtype_t dtype, spar_selection_t *selection,
                            size_t k)
{
    size_t ties = k;
    uint64_t least =
        key_of_rank(dtype, selection->values, selection->count, &ties);

    if (k < selection->count) {
        keep_from(dtype, selection, least, ties);
    }
    return least;
}

uint64_t spar_radix_keep(spar_selection_t *selection, size_t k)
{
    /* The type as a constant, so that each loop is compiled for one type. */
    return selection->dtype == SPAR_DTYPE_F64
               ? keep(SPAR_DTYPE_F64, selection, k)
               : keep(SPAR_DTYPE_F32, selection, k);
}
