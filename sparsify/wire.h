/*
 * Spar: wire block, version 1. What one rank sends for one layer in one
 * exchange: a header of fixed size that travels first, then a payload with
 * the indices and the values. Little-endian; the decoder trusts nothing.
 *
 * Header, SPAR_WIRE_HEADER_BYTES bytes:
 *   offset size
 *     0     4  magic "SPAR"
 *     4     2  version (1)
 *     6     1  value type (spar_values_t)
 *     7     1  index coding (spar_wire_coding_t)
 *     8     4  flags (SPAR_WIRE_*)
 *    12     4  layer slot
 *    16     4  plan version
 *    20     4  step (low 32 bits of the slot's exchange number)
 *    24     8  count: elements of the layer
 *    32     8  selected: entries in the payload
 *    40     8  payload bytes
 *    48     8  checksum of bytes 0..47 (XXH3, 64 bits)
 *
 * Payload: index section, then `selected` values. An index travels as the
 * distance from the index before it (the first one from -1, minus one; so
 * every distance is >= 0), in one of the codings below.
 */
#ifndef SPAR_SPARSIFY_WIRE_H
#define SPAR_SPARSIFY_WIRE_H

#include "sparsify/selection.h"

#define SPAR_WIRE_VERSION      1
#define SPAR_WIRE_HEADER_BYTES 56

/* Local facts that every rank must know of before anything is changed. */
#define SPAR_WIRE_NONFINITE (1u << 0) /* my gradient holds NaN or Inf */
#define SPAR_WIRE_NO_MEMORY (1u << 1) /* I cannot take part sparsely */
#define SPAR_WIRE_PAUSED    (1u << 2) /* MPI_Pcontrol(0) is in force here */
#define SPAR_WIRE_FLUSH     (1u << 3) /* deliver the residuals, densely */
#define SPAR_WIRE_RETIRE    (1u << 4) /* the same, and dense for good */
#define SPAR_WIRE_FLAGS     0x1fu     /* all of them */

typedef enum spar_wire_coding {
    SPAR_WIRE_DELTA8 = 0,  /* distance in bytes; 255: add 255 and go on */
    SPAR_WIRE_DELTA16 = 1, /* the same in 16 bits; 65535: add and go on */
    SPAR_WIRE_RAW32 = 2    /* absolute indices in 32 bits, ascending */
} spar_wire_coding_t;

typedef struct spar_wire_header {
    spar_values_t values;
    spar_dtype_t dtype; /* of the layer; follows from `values` on the wire */
    spar_wire_coding_t coding;
    uint32_t flags;
    uint32_t slot;
    uint32_t plan;
    uint32_t step;
    uint64_t count;
    uint64_t selected;
    uint64_t payload_bytes;
} spar_wire_header_t;

/*
 * Encodes the entries of a selection over a layer of `count` elements into
 * `payload`, with the smallest of the codings, and fills coding, selected,
 * count, values, dtype and payload_bytes of *header_p; the other fields are the
 * caller's. SPAR_ERR_INVALID: capacity (bytes) is too small.
 */
spar_status_t spar_wire_encode(const spar_selection_t *selection,
                               uint64_t count, void *payload, size_t capacity,
                               spar_wire_header_t *header_p);
/* Bytes that always suffice for the payload of `selected` entries out of
 * `count`. */
size_t spar_wire_payload_bound(spar_values_t values, uint64_t count,
                               uint64_t selected);

/* Writes SPAR_WIRE_HEADER_BYTES bytes. */
void spar_wire_header_pack(const spar_wire_header_t *header, void *bytes);
/* Checks everything that can be checked without the payload: magic, version,
 * checksum, types, flags, selected <= count, payload size against the bounds.
 * SPAR_ERR_WIRE with one sentence in *cause_p (static; may be NULL). */
spar_status_t spar_wire_header_unpack(const void *bytes, size_t size,
                                      spar_wire_header_t *header_p,
                                      const char **cause_p);

/*
 * out[index] += value for every entry of a received payload; `out` has
 * header->count elements of header->dtype. The whole index section is
 * checked before the first addition: on SPAR_ERR_WIRE (cause in *cause_p)
 * `out` is untouched. Values may be any bit pattern.
 */
spar_status_t spar_wire_add(const spar_wire_header_t *header,
                            const void *payload, size_t bytes, void *out,
                            const char **cause_p);

#endif
