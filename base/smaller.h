/* Spar: the smaller of two counts. */
#ifndef SPAR_BASE_SMALLER_H
#define SPAR_BASE_SMALLER_H

#include <stdint.h>

static inline uint64_t spar_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
