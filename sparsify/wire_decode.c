#include "sparsify/wire_bytes.h"
#include "sparsify/wire_sizes.h"

/* A payload that has been split but not looked into. */
typedef struct block {
    const unsigned char *indices;
    const unsigned char *values;
    uint64_t units; /* of 1, 2 or 4 bytes in the index section */
    uint64_t selected;
    uint64_t count;
} block_t;

/*
 * An index section of distances is valid if it ends each of `selected`
 * distances and the last index lies within the layer. Both follow from sums,
 * in whatever order the units come, so these loops need no branches.
 */
static bool distances_valid(const block_t *block, uint64_t ends, uint64_t sum,
                            bool last_ends)
{
    return ends == block->selected && (block->units == 0 || last_ends) &&
           sum <= block->count - block->selected;
}

static bool delta8_valid(const block_t *block)
{
    const unsigned char *units = block->indices;
    uint64_t ends = 0;
    uint64_t sum = 0;
    uint64_t i;

    for (i = 0; i < block->units; i++) {
        ends += units[i] != SPAR_WIRE_ESCAPE8;
        sum += units[i];
    }
    return distances_valid(block, ends, sum,
                           i > 0 && units[i - 1] != SPAR_WIRE_ESCAPE8);
}

static bool delta16_valid(const block_t *block)
{
    uint64_t ends = 0;
    uint64_t sum = 0;
    uint16_t unit = 0;
    uint64_t i;

    for (i = 0; i < block->units; i++) {
        unit = spar_wire_load16(block->indices + 2 * i);
        ends += unit != SPAR_WIRE_ESCAPE16;
        sum += unit;
    }
    return distances_valid(block, ends, sum, unit != SPAR_WIRE_ESCAPE16);
}

static bool raw32_valid(const block_t *block)
{
    uint32_t descents = 0;
    uint32_t last = 0;
    uint64_t i;

    if (block->units != block->selected) {
        return false;
    }
    for (i = 0; i < block->units; i++) {
        uint32_t index = spar_wire_load32(block->indices + 4 * i);

        descents += i > 0 && index <= last;
        last = index;
    }
    return descents == 0 && (block->units == 0 || last < block->count);
}

static inline void add_one(spar_values_t values, const block_t *block,
                           uint64_t entry, uint64_t index, void *out)
{
    switch (values) {
    case SPAR_VALUES_F64:
        ((double *)out)[index] += spar_wire_load_f64(block->values + 8 * entry);
        break;
    case SPAR_VALUES_F32:
        ((float *)out)[index] += spar_wire_load_f32(block->values + 4 * entry);
        break;
    case SPAR_VALUES_BF16:
        ((float *)out)[index] += spar_wire_load_bf16(block->values + 2 * entry);
        break;
    }
}

static inline void add_delta8(spar_values_t values, const block_t *block,
                              void *out)
{
    const unsigned char *units = block->indices;
    uint64_t entry = 0;
    uint64_t index = 0;
    uint64_t i;

    for (i = 0; i < block->units; i++) {
        index += units[i];
        if (units[i] != SPAR_WIRE_ESCAPE8) {
            add_one(values, block, entry++, index++, out);
        }
    }
}

static inline void add_delta16(spar_values_t values, const block_t *block,
                               void *out)
{
    uint64_t entry = 0;
    uint64_t index = 0;
    uint64_t i;

    for (i = 0; i < block->units; i++) {
        uint16_t unit = spar_wire_load16(block->indices + 2 * i);

        index += unit;
        if (unit != SPAR_WIRE_ESCAPE16) {
            add_one(values, block, entry++, index++, out);
        }
    }
}

static inline void add_raw32(spar_values_t values, const block_t *block,
                             void *out)
{
    uint64_t i;

    for (i = 0; i < block->units; i++) {
        add_one(values, block, i, spar_wire_load32(block->indices + 4 * i),
                out);
    }
}

/* Inlined with a constant type, so that the loops do not test it. */
static inline void add_all(spar_values_t values, spar_wire_coding_t coding,
                           const block_t *block, void *out)
{
    switch (coding) {
    case SPAR_WIRE_DELTA8:
        add_delta8(values, block, out);
        break;
    case SPAR_WIRE_DELTA16:
        add_delta16(values, block, out);
        break;
    case SPAR_WIRE_RAW32:
        add_raw32(values, block, out);
        break;
    }
}

static const char *split(const spar_wire_header_t *header, const void *payload,
                         size_t bytes, block_t *block_p)
{
    uint64_t size = spar_values_size(header->values);
    uint64_t unit = spar_wire_unit(header->coding);
    uint64_t index_bytes;

    if (header->count > UINT32_MAX || header->selected > header->count) {
        return "more entries than the layer has elements";
    }
    if (bytes != header->payload_bytes || bytes < header->selected * size) {
        return "the payload is shorter or longer than its header says";
    }
    index_bytes = bytes - header->selected * size;
    if (index_bytes % unit != 0) {
        return "the index section ends within an index";
    }
    block_p->indices = payload;
    block_p->values = block_p->indices + index_bytes;
    block_p->units = index_bytes / unit;
    block_p->selected = header->selected;
    block_p->count = header->count;
    return NULL;
}

static bool indices_valid(spar_wire_coding_t coding, const block_t *block)
{
    switch (coding) {
    case SPAR_WIRE_DELTA8:
        return delta8_valid(block);
    case SPAR_WIRE_DELTA16:
        return delta16_valid(block);
    case SPAR_WIRE_RAW32:
        return raw32_valid(block);
    }
    return false;
}

spar_status_t spar_wire_add(const spar_wire_header_t *header,
                            const void *payload, size_t bytes, void *out,
                            const char **cause_p)
{
    block_t block;
    const char *fault = split(header, payload, bytes, &block);

    if (fault == NULL && !indices_valid(header->coding, &block)) {
        fault = "the indices do not fit the layer";
    }
    if (fault != NULL) {
        if (cause_p != NULL) {
            *cause_p = fault;
        }
        return SPAR_ERR_WIRE;
    }
    switch (header->values) {
    case SPAR_VALUES_F64:
        add_all(SPAR_VALUES_F64, header->coding, &block, out);
        break;
    case SPAR_VALUES_F32:
        add_all(SPAR_VALUES_F32, header->coding, &block, out);
        break;
    case SPAR_VALUES_BF16:
        add_all(SPAR_VALUES_BF16, header->coding, &block, out);
        break;
    }
    return SPAR_OK;
}
