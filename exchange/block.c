#include "exchange/block.h"

#include <stdlib.h>

#define CACHE_LINE 64

spar_status_t spar_blocks_reserve(spar_blocks_t *blocks, size_t number,
                                  size_t payload)
{
    size_t each = (payload + SPAR_WIRE_HEADER_BYTES + CACHE_LINE - 1) /
                  CACHE_LINE * CACHE_LINE;
    size_t needed;
    unsigned char *bytes;

    if (__builtin_mul_overflow(each, number, &needed)) {
        return SPAR_ERR_NO_MEMORY;
    }
    if (needed > blocks->capacity) {
        bytes = aligned_alloc(CACHE_LINE, needed);
        if (bytes == NULL) {
            return SPAR_ERR_NO_MEMORY;
        }
        free(blocks->bytes);
        blocks->bytes = bytes;
        blocks->capacity = needed;
    }
    blocks->each = each;
    return SPAR_OK;
}

void spar_blocks_cleanup(spar_blocks_t *blocks)
{
    free(blocks->bytes);
    *blocks = (spar_blocks_t){0};
}

/* Why a peer's header cannot belong to this call; NULL: it does. */
static const char *mismatch(const spar_wire_header_t *expected,
                            const spar_wire_header_t *theirs)
{
    if (theirs->slot != expected->slot) {
        return "is in another layer";
    }
    if (theirs->step != expected->step) {
        return "is in another exchange of this layer";
    }
    if (theirs->plan != expected->plan) {
        return "follows another plan";
    }
    if (theirs->count != expected->count ||
        theirs->values != expected->values) {
        return "has another number or type of elements";
    }
    if (theirs->first != expected->first || theirs->span != expected->span) {
        return "sends another part of the layer";
    }
    return NULL;
}

spar_status_t spar_block_read(const unsigned char *block, size_t received,
                              const spar_wire_header_t *expected,
                              spar_wire_header_t *header_p,
                              const char **cause_p)
{
    spar_wire_header_t header;
    spar_status_t status;

    if (received < SPAR_WIRE_HEADER_BYTES) {
        *cause_p = "its message is shorter than a header";
        return SPAR_ERR_WIRE;
    }
    status = spar_wire_header_unpack(block, SPAR_WIRE_HEADER_BYTES, &header,
                                     cause_p);
    if (status != SPAR_OK) {
        return status;
    }
    *cause_p = mismatch(expected, &header);
    if (*cause_p != NULL) {
        return SPAR_ERR_DISAGREE;
    }
    *header_p = header;
    return SPAR_OK;
}
