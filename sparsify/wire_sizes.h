/* Spar: how large the sections of a wire block can be, in bytes. All take
 * selected <= span < 2^32 and parameters <= SPAR_WIRE_MOST_PARAMETER. */
#ifndef SPAR_SPARSIFY_WIRE_SIZES_H
#define SPAR_SPARSIFY_WIRE_SIZES_H

#include "sparsify/wire.h"

#define SPAR_WIRE_MOST_PARAMETER 31u

/* A bit vector. */
SPAR_INLINE uint64_t spar_wire_bit_bytes(uint64_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

SPAR_INLINE uint64_t spar_wire_low_bytes(uint64_t selected, unsigned parameter)
{
    return spar_wire_bit_bytes(selected * parameter);
}

/* Most that the index section in RICE takes: all distances together are at
 * most span - selected. */
SPAR_INLINE uint64_t spar_wire_rice_bound(uint64_t span, uint64_t selected,
                                          unsigned parameter)
{
    return spar_wire_low_bytes(selected, parameter) +
           spar_wire_bit_bytes(selected + ((span - selected) >> parameter));
}

/*
 * The parameter p for which the most bits that RICE can take, with m = span -
 * selected,
 *     selected (p + 1) + floor(m / 2^p),
 * are the fewest. One more bit costs `selected` bits and saves
 * ceil(floor(m / 2^p) / 2), which falls with p.
 */
SPAR_INLINE unsigned spar_wire_rice_parameter(uint64_t span, uint64_t selected)
{
    unsigned parameter = 0;

    while (parameter < SPAR_WIRE_MOST_PARAMETER &&
           (span - selected) >> parameter > 2 * selected) {
        parameter++;
    }
    return parameter;
}

#endif
