/*
 * Spar: a wire block as a message: the header in front of its payload, in one
 * buffer. For the machines only.
 */
#ifndef SPAR_EXCHANGE_BLOCK_H
#define SPAR_EXCHANGE_BLOCK_H

#include "sparsify/wire.h"

/* Several buffers of one size for such messages, on cache lines. */
typedef struct spar_blocks {
    unsigned char *bytes;
    size_t each;     /* bytes of one buffer */
    size_t capacity; /* bytes that are held */
} spar_blocks_t;

/* Makes `number` buffers for payloads of at most `payload` bytes; the old
 * content is lost. SPAR_ERR_NO_MEMORY leaves all as it was. */
spar_status_t spar_blocks_reserve(spar_blocks_t *blocks, size_t number,
                                  size_t payload);
void spar_blocks_cleanup(spar_blocks_t *blocks);

static inline unsigned char *spar_blocks_at(const spar_blocks_t *blocks,
                                            size_t index)
{
    return blocks->bytes + index * blocks->each;
}

/* Room for the payload in one buffer. */
static inline size_t spar_blocks_room(const spar_blocks_t *blocks)
{
    return blocks->each == 0 ? 0 : blocks->each - SPAR_WIRE_HEADER_BYTES;
}

static inline unsigned char *spar_block_payload(unsigned char *block)
{
    return block + SPAR_WIRE_HEADER_BYTES;
}

/*
 * Reads the header at the front of `received` bytes, which has to belong to
 * the same call as `expected` does. SPAR_ERR_WIRE: it is damaged.
 * SPAR_ERR_DISAGREE: it belongs to another call. *cause_p: one sentence,
 * static.
 */
spar_status_t spar_block_read(const unsigned char *block, size_t received,
                              const spar_wire_header_t *expected,
                              spar_wire_header_t *header_p,
                              const char **cause_p);

/* Whether all of it is there, in `received` bytes. */
static inline bool spar_block_is_whole(const spar_wire_header_t *header,
                                       size_t received)
{
    return received >= SPAR_WIRE_HEADER_BYTES &&
           header->payload_bytes == received - SPAR_WIRE_HEADER_BYTES;
}

#endif
