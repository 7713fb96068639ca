#include "sparsify/wire_bytes.h"
#include "sparsify/wire_sizes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const unsigned char magic[4] = {'S', 'P', 'A', 'R'};

/* As the sender stores it, in bytes that differ. */
static const uint16_t byte_order = 0x0102;

/* Offsets of the fields; wire.h has the table. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_VALUES = 6,
    AT_CODING = 7,
    AT_PARAMETER = 8,
    AT_PHASE = 9,
    AT_BYTE_ORDER = 10,
    AT_FLAGS = 12,
    AT_SLOT = 16,
    AT_PLAN = 20,
    AT_STEP = 24,
    AT_SPAN = 28,
    AT_COUNT = 32,
    AT_FIRST = 40,
    AT_SELECTED = 48,
    AT_PAYLOAD = 56,
    AT_CHECKSUM = 64
};

void spar_wire_header_pack(const spar_wire_header_t *header, void *bytes)
{
    unsigned char *to = bytes;

    memcpy(to + AT_MAGIC, magic, sizeof(magic));
    spar_wire_store16(to + AT_VERSION, SPAR_WIRE_VERSION);
    to[AT_VALUES] = (unsigned char)header->values;
    to[AT_CODING] = (unsigned char)header->coding;
    to[AT_PARAMETER] = header->parameter;
    to[AT_PHASE] = header->phase;
    memcpy(to + AT_BYTE_ORDER, &byte_order, sizeof(byte_order));
    spar_wire_store32(to + AT_FLAGS, header->flags);
    spar_wire_store32(to + AT_SLOT, header->slot);
    spar_wire_store32(to + AT_PLAN, header->plan);
    spar_wire_store32(to + AT_STEP, header->step);
    spar_wire_store32(to + AT_SPAN, header->span);
    spar_wire_store64(to + AT_COUNT, header->count);
    spar_wire_store64(to + AT_FIRST, header->first);
    spar_wire_store64(to + AT_SELECTED, header->selected);
    spar_wire_store64(to + AT_PAYLOAD, header->payload_bytes);
    spar_wire_store64(to + AT_CHECKSUM, XXH3_64bits(to, AT_CHECKSUM));
}

static const char *bytes_fault(const unsigned char *from, size_t size)
{
    if (size != SPAR_WIRE_HEADER_BYTES) {
        return "the header has a wrong size";
    }
    if (memcmp(from + AT_MAGIC, magic, sizeof(magic)) != 0) {
        return "this is no Spar block";
    }
    if (spar_wire_load16(from + AT_VERSION) != SPAR_WIRE_VERSION) {
        return "the block has another format version";
    }
    if (spar_wire_load64(from + AT_CHECKSUM) !=
        XXH3_64bits(from, AT_CHECKSUM)) {
        return "the checksum of the header does not match";
    }
    if (memcmp(from + AT_BYTE_ORDER, &byte_order, sizeof(byte_order)) != 0) {
        return "the values are in another byte order";
    }
    if (from[AT_VALUES] > SPAR_VALUES_INT8) {
        return "the value type is unknown";
    }
    if (from[AT_CODING] > SPAR_WIRE_ALL) {
        return "the index coding is unknown";
    }
    return NULL;
}

/* Least and most bytes of the index section. */
static bool index_bytes_valid(const spar_wire_header_t *header, uint64_t bytes)
{
    uint64_t low = spar_wire_low_bytes(header->selected, header->parameter);

    if (header->selected == 0) {
        return bytes == 0;
    }
    switch (header->coding) {
    case SPAR_WIRE_RICE:
        return bytes >= low + spar_wire_bit_bytes(header->selected) &&
               bytes <= spar_wire_rice_bound(header->span, header->selected,
                                             header->parameter);
    case SPAR_WIRE_ALL:
        return bytes == 0 && header->selected == header->span;
    }
    return false;
}

static const char *fields_fault(const spar_wire_header_t *header)
{
    uint64_t values =
        spar_values_scales(header->values, header->phase, header->selected) +
        header->selected * spar_values_size(header->values);

    if ((header->flags & ~SPAR_WIRE_FLAGS) != 0) {
        return "unknown flags are set";
    }
    if (header->parameter > SPAR_WIRE_MOST_PARAMETER) {
        return "the parameter of the index coding is out of range";
    }
    if (header->phase >=
        (spar_values_scaled(header->values) ? SPAR_VALUES_GROUP : 1)) {
        return "the values begin within a group that they do not have";
    }
    if (header->span > header->count ||
        header->first > header->count - header->span) {
        return "the region does not lie within the layer";
    }
    if (header->selected > header->span) {
        return "more entries than the region has elements";
    }
    if (header->payload_bytes < values ||
        !index_bytes_valid(header, header->payload_bytes - values)) {
        return "the payload size does not fit the number of entries";
    }
    return NULL;
}

spar_status_t spar_wire_header_unpack(const void *bytes, size_t size,
                                      spar_wire_header_t *header_p,
                                      const char **cause_p)
{
    const unsigned char *from = bytes;
    const char *fault = bytes_fault(from, size);
    spar_wire_header_t header;

    if (fault == NULL) {
        header.values = (spar_values_t)from[AT_VALUES];
        header.dtype = spar_values_dtype(header.values);
        header.coding = (spar_wire_coding_t)from[AT_CODING];
        header.parameter = from[AT_PARAMETER];
        header.phase = from[AT_PHASE];
        header.flags = spar_wire_load32(from + AT_FLAGS);
        header.slot = spar_wire_load32(from + AT_SLOT);
        header.plan = spar_wire_load32(from + AT_PLAN);
        header.step = spar_wire_load32(from + AT_STEP);
        header.span = spar_wire_load32(from + AT_SPAN);
        header.count = spar_wire_load64(from + AT_COUNT);
        header.first = spar_wire_load64(from + AT_FIRST);
        header.selected = spar_wire_load64(from + AT_SELECTED);
        header.payload_bytes = spar_wire_load64(from + AT_PAYLOAD);
        fault = fields_fault(&header);
    }
    if (fault != NULL) {
        if (cause_p != NULL) {
            *cause_p = fault;
        }
        return SPAR_ERR_WIRE;
    }
    *header_p = header;
    return SPAR_OK;
}
