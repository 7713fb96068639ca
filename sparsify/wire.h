/*
 * Spar: wire block, version 2. Sorted (index, value) entries of one region
 * [first, first + span) of a layer: a header of fixed size, then a payload
 * with the indices, coded near their entropy, and the values. Little-endian;
 * the decoder trusts nothing.
 *
 * Header, SPAR_WIRE_HEADER_BYTES bytes:
 *   offset size
 *     0     4  magic "SPAR"
 *     4     2  version (2)
 *     6     1  value type (spar_values_t)
 *     7     1  index coding (spar_wire_coding_t)
 *     8     1  parameter of the coding (RICE: bits of a low part)
 *     9     1  entries of the first scale group that are not in the block
 *    10     2  byte order of the values: 0x0102 as the sender stores it
 *    12     4  flags (SPAR_WIRE_*)
 *    16     4  layer slot
 *    20     4  plan version
 *    24     4  step (low 32 bits of the slot's exchange number)
 *    28     4  span: elements of the region, less than 2^32
 *    32     8  count: elements of the layer
 *    40     8  first: where the region begins
 *    48     8  selected: entries in the payload
 *    56     8  payload bytes
 *    64     8  checksum of bytes 0..63 (XXH3, 64 bits)
 *
 * Payload: index section, then, for values that are scaled, a scale for each
 * group that has an entry in the block (sparsify/values.h; 2^e as e + 127),
 * then `selected` values in the sender's byte order.
 * Bit i of a bit vector is bit i mod 8 of byte i / 8; unused bits of its last
 * byte are zero.
 *
 *   RICE    The distance of an index to the one before it, minus 1 (first
 *           one: its offset in the region), is q 2^p + r, with the parameter
 *           p and r < 2^p. A bit vector with q zeros and a one for each entry,
 *           then a bit vector with p bits for each r (Rice and Plaunt 1971;
 *           Golomb 1966). With p = 0 this is a bitmap of the region up to the
 *           last entry.
 *   ALL     Nothing: every element of the region has a value.
 */
#ifndef SPAR_SPARSIFY_WIRE_H
#define SPAR_SPARSIFY_WIRE_H

#include "sparsify/selection.h"

#define SPAR_WIRE_VERSION      2
#define SPAR_WIRE_HEADER_BYTES 72

/* Local facts that every rank must know of before anything is changed. */
#define SPAR_WIRE_NONFINITE (1u << 0) /* my gradient holds NaN or Inf */
#define SPAR_WIRE_NO_MEMORY (1u << 1) /* I cannot take part sparsely */
#define SPAR_WIRE_PAUSED    (1u << 2) /* MPI_Pcontrol(0) is in force here */
#define SPAR_WIRE_FLUSH     (1u << 3) /* deliver the residuals, densely */
#define SPAR_WIRE_RETIRE    (1u << 4) /* the same, and dense for good */
#define SPAR_WIRE_PARTED    (1u << 5) /* not all layers of it are here */
#define SPAR_WIRE_JUMP      (1u << 6) /* my gradients' unit may have changed */
#define SPAR_WIRE_UNREAD    (1u << 7) /* I cannot read my part of a flush */
#define SPAR_WIRE_FLAGS     0xffu     /* all of them */

typedef enum spar_wire_coding {
    SPAR_WIRE_RICE = 0,
    SPAR_WIRE_ALL = 1
} spar_wire_coding_t;

typedef struct spar_wire_header {
    spar_values_t values;
    spar_dtype_t dtype; /* of the layer; follows from `values` on the wire */
    spar_wire_coding_t coding;
    uint8_t parameter;
    uint8_t phase;
    uint32_t flags;
    uint32_t slot;
    uint32_t plan;
    uint32_t step;
    uint32_t span;
    uint64_t count;
    uint64_t first;
    uint64_t selected;
    uint64_t payload_bytes;
} spar_wire_header_t;

/*
 * Encodes the entries [begin, end) of a selection, whose indices lie in
 * [base, base + span), as a block of the region that starts there, in the
 * smallest of the codings. Fills coding, parameter, phase, selected, span,
 * values, dtype and payload_bytes of *header_p; the other fields (`first` and
 * `count` too) are the caller's. SPAR_ERR_INVALID: capacity (bytes) is too
 * small; *header_p is as it was.
 */
spar_status_t spar_wire_encode(const spar_selection_t *selection, size_t begin,
                               size_t end, uint32_t base, uint32_t span,
                               void *payload, size_t capacity,
                               spar_wire_header_t *header_p);
/* What lies one behind the other in the payload of a block that somebody else,
 * a GPU, has encoded: the two bit vectors, the scales, the values. */
#define SPAR_WIRE_PARTS 4
typedef struct spar_wire_parts {
    spar_wire_header_t header; /* the fields that spar_wire_encode fills */
    const void *from[SPAR_WIRE_PARTS];
    size_t bytes[SPAR_WIRE_PARTS]; /* together header.payload_bytes */
} spar_wire_parts_t;
/* As spar_wire_encode of the selection that the parts are of. */
spar_status_t spar_wire_join(const spar_wire_parts_t *parts, void *payload,
                             size_t capacity, spar_wire_header_t *header_p);

/* Bytes that always suffice for the payload of up to `selected` entries (0 to
 * span) out of `span`. Never smaller for more entries or a wider span. */
size_t spar_wire_payload_bound(spar_values_t values, uint64_t span,
                               uint64_t selected);

/* Writes SPAR_WIRE_HEADER_BYTES bytes. */
void spar_wire_header_pack(const spar_wire_header_t *header, void *bytes);
/* Checks everything that can be checked without the payload: magic, version,
 * byte order, checksum, types, flags, region within the layer, selected <=
 * span, payload size against its bounds. SPAR_ERR_WIRE with one sentence in
 * *cause_p (static; may be NULL). */
spar_status_t spar_wire_header_unpack(const void *bytes, size_t size,
                                      spar_wire_header_t *header_p,
                                      const char **cause_p);

/*
 * out[index] += value for every entry of a received payload; `out` is the
 * region's first element (span elements of header->dtype). The whole index
 * section and the scales are checked before the first addition: on
 * SPAR_ERR_WIRE (cause in *cause_p) `out` is untouched. Values may be any bit
 * pattern.
 */
spar_status_t spar_wire_add(const spar_wire_header_t *header,
                            const void *payload, size_t bytes, void *out,
                            const char **cause_p);
/*
 * The same entries as a sorted list, indices relative to the region. The
 * selection has been reserved by the caller for header->selected entries of
 * header->dtype; nothing is allocated. SPAR_ERR_INVALID: there is less room.
 * After an error the list is as it was.
 */
spar_status_t spar_wire_decode(const spar_wire_header_t *header,
                               const void *payload, size_t bytes,
                               spar_selection_t *entries_p,
                               const char **cause_p);

#endif
