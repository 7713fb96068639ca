/* Spar: how large the index section of a wire block can be. */
#ifndef SPAR_SPARSIFY_WIRE_SIZES_H
#define SPAR_SPARSIFY_WIRE_SIZES_H

#include "sparsify/wire.h"

/* A distance of ESCAPE or more travels as ESCAPE and the rest. */
#define SPAR_WIRE_ESCAPE8  0xffu
#define SPAR_WIRE_ESCAPE16 0xffffu

/* Bytes of one index without escapes. */
static inline uint64_t spar_wire_unit(spar_wire_coding_t coding)
{
    switch (coding) {
    case SPAR_WIRE_DELTA8:
        return 1;
    case SPAR_WIRE_DELTA16:
        return 2;
    case SPAR_WIRE_RAW32:
        break;
    }
    return 4;
}

/* Most bytes that the indices of a valid block can take: all distances
 * together are at most count - selected. */
static inline uint64_t spar_wire_index_bound(spar_wire_coding_t coding,
                                             uint64_t count, uint64_t selected)
{
    uint64_t bytes = selected * spar_wire_unit(coding);

    if (selected == 0) {
        return 0;
    }
    switch (coding) {
    case SPAR_WIRE_DELTA8:
        return bytes + (count - selected) / SPAR_WIRE_ESCAPE8;
    case SPAR_WIRE_DELTA16:
        return bytes + 2 * ((count - selected) / SPAR_WIRE_ESCAPE16);
    case SPAR_WIRE_RAW32:
        break;
    }
    return bytes;
}

#endif
