/* Spar: a received block that is being read. */
#ifndef SPAR_SPARSIFY_WIRE_BLOCK_H
#define SPAR_SPARSIFY_WIRE_BLOCK_H

#include "sparsify/wire_kernels.h"

/* The payload, its sections told apart. Read-only for callers. */
typedef struct spar_wire_block {
    spar_wire_coding_t coding;
    spar_wire_reader_t reader;
    unsigned phase;
    const unsigned char *scales;
    const unsigned char *values;
} spar_wire_block_t;

/* Checks everything: after SPAR_OK all indices are ascending and lie within
 * the region, and there is a value for each. SPAR_ERR_WIRE with one sentence in
 * *cause_p (static; may be NULL). The payload stays where it is. */
spar_status_t spar_wire_block_open(const spar_wire_header_t *header,
                                   const void *payload, size_t bytes,
                                   spar_wire_block_t *block_p,
                                   const char **cause_p);

/* Writes the next indices, at most SPAR_WIRE_CHUNK, and returns how many; 0:
 * there are no more. */
size_t spar_wire_block_next(spar_wire_block_t *block, uint32_t *indices);

#endif
