/* Spar: the smaller of two counts, and of a product and a count. */
#ifndef SPAR_BASE_SMALLER_H
#define SPAR_BASE_SMALLER_H

#include <stdint.h>

static inline uint64_t spar_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The smaller of factor * each, whatever that is, and `most`; factor >= 1. */
static inline uint64_t spar_smaller_product(uint64_t each, uint64_t factor,
                                            uint64_t most)
{
    return each > most / factor ? most : each * factor;
}

#endif
