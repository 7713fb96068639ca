/*
 * Spar: the owner's side of exchange/split.h: the dense sum of one region, and
 * the entries of it that are sent on. For the split only.
 */
#ifndef SPAR_EXCHANGE_SPLIT_REGION_H
#define SPAR_EXCHANGE_SPLIT_REGION_H

#include "sparsify/selector.h"
#include "sparsify/wire.h"

typedef struct spar_split_region {
    void *sum;
    size_t sum_bytes; /* of room */
    size_t touched;   /* of these: the others cost nothing */
    uint32_t span;    /* elements */
    uint64_t load;    /* entries that were added */
    spar_selection_t chosen;
} spar_split_region_t;

/* Makes room for regions of up to `count` elements, of which up to `most` are
 * chosen; keeps what there is. SPAR_ERR_NO_MEMORY. */
spar_status_t spar_split_region_reserve(spar_split_region_t *region,
                                        spar_dtype_t dtype, uint64_t count,
                                        uint64_t most);
void spar_split_region_cleanup(spar_split_region_t *region);
size_t spar_split_region_memory(const spar_split_region_t *region);

void spar_split_region_begin(spar_split_region_t *region, spar_dtype_t dtype,
                             uint32_t span);
/* See spar_wire_add. */
spar_status_t spar_split_region_add(spar_split_region_t *region,
                                    const spar_wire_header_t *header,
                                    const void *payload, const char **cause_p);

/*
 * The `most` largest sums, or all that are not zero if they are fewer, into
 * `chosen`. If some are not finite, those are chosen alone, so that they are
 * never held back; with `all`, every one that is not zero. Allocates nothing.
 */
void spar_split_region_choose(spar_split_region_t *region,
                              spar_selector_t *selector, uint64_t most,
                              bool all);

#endif
