/*
 * Spar: which parameter codes the indices of a block, found from the sums of
 * the quotients with some parameters. For hosts and GPUs.
 */
#ifndef SPAR_SPARSIFY_WIRE_CHOOSE_H
#define SPAR_SPARSIFY_WIRE_CHOOSE_H

#include "sparsify/wire_sizes.h"

/* Parameters whose sizes are found in one pass. */
#define SPAR_WIRE_TRIALS 4

typedef struct spar_wire_choice {
    unsigned parameter;
    uint64_t bits_bytes;
    uint64_t low_bytes;
} spar_wire_choice_t;

/* The first to try is the one whose bound is the least: it is near the best one
 * if the entries lie evenly; where they lie in clusters the best one is
 * smaller. Its bound also holds for what is chosen, because it is tried first.
 */
SPAR_INLINE spar_wire_choice_t spar_wire_choice_none(void)
{
    spar_wire_choice_t none = {0, UINT64_MAX / 2, 0};

    return none;
}

/* Tries parameters most, most - 1, ..., of which sums[] are the sums of the
 * quotients of `count` (>= 1) distances. Whether still smaller ones are to be
 * tried: once fewer bits do not pay, still fewer do not either. */
SPAR_INLINE bool spar_wire_choose(uint64_t count, unsigned most,
                                  const uint64_t sums[SPAR_WIRE_TRIALS],
                                  spar_wire_choice_t *best)
{
    unsigned j;

    for (j = 0; j < SPAR_WIRE_TRIALS && j <= most; j++) {
        uint64_t bits = spar_wire_bit_bytes(count + sums[j]);
        uint64_t low = spar_wire_low_bytes(count, most - j);

        if (bits + low < best->bits_bytes + best->low_bytes) {
            best->parameter = most - j;
            best->bits_bytes = bits;
            best->low_bytes = low;
        }
    }
    return most >= SPAR_WIRE_TRIALS &&
           best->parameter == most - (SPAR_WIRE_TRIALS - 1);
}

#endif
