/*
 * Spar: the sum of some ranks' entries on its way to all of them. It is a
 * sorted list as long as that is cheap, and then dense; which of the two
 * follows from the numbers of entries alone, so that two ranks that add the
 * same two sums get the same bits in the same form. For the machines only.
 */
#ifndef SPAR_EXCHANGE_PARTIAL_H
#define SPAR_EXCHANGE_PARTIAL_H

#include "sparsify/wire.h"

typedef struct spar_partial {
    spar_dtype_t dtype;
    uint32_t span; /* elements of the region that is summed */
    /* The sum: sorted entries with indices from 0, or all elements. */
    const spar_selection_t *list; /* NULL: dense */
    void *dense;
    /* Owned. */
    spar_selection_t merged[2]; /* the present list, and the next one */
    spar_selection_t incoming;
    size_t dense_bytes; /* of room */
} spar_partial_t;

void spar_partial_init(spar_partial_t *partial);
void spar_partial_cleanup(spar_partial_t *partial);

/* Makes room for sums of blocks with at most `most` entries altogether (span:
 * no limit) out of `span`; keeps what there is. SPAR_ERR_NO_MEMORY. */
spar_status_t spar_partial_reserve(spar_partial_t *partial, spar_dtype_t dtype,
                                   uint64_t span, uint64_t most);
/* Bytes that suffice for the payload of such a sum. */
size_t spar_partial_bound(spar_dtype_t dtype, uint64_t span, uint64_t most);
/* Bytes that are held. */
size_t spar_partial_memory(const spar_partial_t *partial);

/* Starts with the entries of one rank, which stay where they are. `span` as
 * reserved or smaller. */
void spar_partial_begin(spar_partial_t *partial, spar_dtype_t dtype,
                        uint32_t span, const spar_selection_t *entries);

/* Adds a received block of the same region. SPAR_ERR_WIRE (cause in *cause_p):
 * it is malformed; the sum is as it was. */
spar_status_t spar_partial_add(spar_partial_t *partial,
                               const spar_wire_header_t *header,
                               const void *payload, const char **cause_p);

/* The sum as a wire block with native values: see spar_wire_encode. */
spar_status_t spar_partial_encode(const spar_partial_t *partial, void *payload,
                                  size_t capacity,
                                  spar_wire_header_t *header_p);

/* out += sum; `out` has the region's elements. */
void spar_partial_write(const spar_partial_t *partial, void *out);

#endif
