#include "sparsify/wire_bytes.h"
#include "sparsify/wire_kernels.h"
#include "sparsify/wire_sizes.h"

/* A payload whose sections have been told apart. */
typedef struct block {
    spar_wire_coding_t coding;
    spar_wire_reader_t reader;
    unsigned phase;
    const unsigned char *scales;
    const unsigned char *values;
} block_t;

static const char *split(const spar_wire_header_t *header, const void *payload,
                         size_t bytes, block_t *block_p)
{
    uint64_t scales =
        spar_values_scales(header->values, header->phase, header->selected);
    uint64_t behind =
        scales + header->selected * spar_values_size(header->values);
    uint64_t index_bytes;
    uint64_t low_bytes = 0;

    if (header->selected > header->span) {
        return "more entries than the region has elements";
    }
    if (header->parameter > SPAR_WIRE_MOST_PARAMETER) {
        return "the parameter of the index coding is out of range";
    }
    if (bytes != header->payload_bytes || bytes < behind) {
        return "the payload is shorter or longer than its header says";
    }
    index_bytes = bytes - behind;
    if (header->coding == SPAR_WIRE_RICE) {
        low_bytes = spar_wire_low_bytes(header->selected, header->parameter);
    }
    if (index_bytes < low_bytes) {
        return "the index section is too short";
    }
    block_p->coding = header->coding;
    block_p->reader.bits = payload;
    block_p->reader.bits_bytes = index_bytes - low_bytes;
    block_p->reader.low = block_p->reader.bits + block_p->reader.bits_bytes;
    block_p->reader.low_bytes = low_bytes;
    block_p->reader.readable = low_bytes + behind;
    block_p->reader.parameter = header->parameter;
    block_p->reader.selected = header->selected;
    block_p->phase = header->phase;
    block_p->scales = block_p->reader.low + low_bytes;
    block_p->values = block_p->scales + scales;
    return NULL;
}

/* The bits of the last byte that belong to nothing are zero. */
static bool last_byte_valid(const unsigned char *bits, size_t bytes,
                            uint64_t used)
{
    return used % 8 == 0 || bits[bytes - 1] >> (used % 8) == 0;
}

/*
 * Valid if there is a one for each entry, the last one in the last byte, and
 * the last index lies within the region; then all others lie before it. Its
 * place follows from sums, in whatever order the parts come.
 */
static bool rice_valid(const spar_wire_reader_t *reader, uint64_t span)
{
    uint64_t ones = spar_wire_kernels()->ones(reader->bits, reader->bits_bytes);
    uint64_t most = (span - reader->selected) >> reader->parameter;
    uint64_t last, zeros, lows;

    if (ones != reader->selected) {
        return false;
    }
    last = reader->bits[reader->bits_bytes - 1];
    if (last == 0) {
        return false;
    }
    zeros = 8 * (uint64_t)(reader->bits_bytes - 1) + 63 -
            (uint64_t)__builtin_clzll(last) + 1 - ones;
    if (zeros > most ||
        !last_byte_valid(reader->low, reader->low_bytes,
                         reader->selected * reader->parameter)) {
        return false;
    }
    lows = spar_wire_kernels()->lows(reader);
    return (zeros << reader->parameter) + lows <= span - reader->selected;
}

static bool indices_valid(const block_t *block, uint64_t span)
{
    if (block->reader.selected == 0) {
        return false;
    }
    switch (block->coding) {
    case SPAR_WIRE_RICE:
        return rice_valid(&block->reader, span);
    case SPAR_WIRE_ALL:
        return block->reader.selected == span && block->reader.bits_bytes == 0;
    }
    return false;
}

static spar_status_t block_open(const spar_wire_header_t *header,
                                const void *payload, size_t bytes,
                                block_t *block_p, const char **cause_p)
{
    const char *fault = NULL;

    memset(block_p, 0, sizeof(*block_p));
    if (header->selected == 0 && header->payload_bytes == 0 && bytes == 0) {
        return SPAR_OK;
    }
    fault = split(header, payload, bytes, block_p);
    if (fault == NULL && !indices_valid(block_p, header->span)) {
        fault = "the indices do not fit the region";
    } else if (fault == NULL &&
               !spar_values_scales_valid(
                   header->values, block_p->scales,
                   (uint64_t)(block_p->values - block_p->scales))) {
        fault = "a scale of the values is out of range";
    }
    if (fault != NULL) {
        if (cause_p != NULL) {
            *cause_p = fault;
        }
        return SPAR_ERR_WIRE;
    }
    return SPAR_OK;
}

/* The next indices; 0: there are no more. */
static size_t block_next(block_t *block, uint32_t *indices)
{
    spar_wire_reader_t *reader = &block->reader;
    size_t n = 0;

    if (reader->done == reader->selected) {
        return 0;
    }
    switch (block->coding) {
    case SPAR_WIRE_RICE:
        return spar_wire_kernels()->rice_next(reader, indices);
    case SPAR_WIRE_ALL:
        while (n < SPAR_WIRE_CHUNK && reader->done < reader->selected) {
            indices[n++] = (uint32_t)reader->done++;
        }
        break;
    }
    return n;
}

/* Entries whose place in `out` is fetched before they are added: where `out`
 * does not fit the caches, a third faster. */
#define AHEAD 64

static inline uint32_t place_ahead(const uint32_t *indices, size_t n, size_t i)
{
    return indices[i + AHEAD < n ? i + AHEAD : n - 1];
}

static void add_f32(const uint32_t *indices, const float *values, size_t n,
                    float *out)
{
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&out[place_ahead(indices, n, i)], 1);
        out[indices[i]] += values[i];
    }
}

static void add_f64(const uint32_t *indices, const double *values, size_t n,
                    double *out)
{
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&out[place_ahead(indices, n, i)], 1);
        out[indices[i]] += values[i];
    }
}

spar_status_t spar_wire_add(const spar_wire_header_t *header,
                            const void *payload, size_t bytes, void *out,
                            const char **cause_p)
{
    uint32_t indices[SPAR_WIRE_CHUNK];
    union {
        float f32[SPAR_WIRE_CHUNK];
        double f64[SPAR_WIRE_CHUNK];
    } values;
    block_t block;
    spar_status_t status = block_open(header, payload, bytes, &block, cause_p);
    uint64_t at = 0;
    size_t n;

    if (status != SPAR_OK) {
        return status;
    }
    for (; (n = block_next(&block, indices)) > 0; at += n) {
        spar_values_get(header->values, block.scales, block.phase, block.values,
                        at, n, &values);
        if (spar_values_dtype(header->values) == SPAR_DTYPE_F64) {
            add_f64(indices, values.f64, n, out);
        } else {
            add_f32(indices, values.f32, n, out);
        }
    }
    return SPAR_OK;
}

spar_status_t spar_wire_decode(const spar_wire_header_t *header,
                               const void *payload, size_t bytes,
                               spar_selection_t *entries_p,
                               const char **cause_p)
{
    spar_dtype_t dtype = spar_values_dtype(header->values);
    block_t block;
    spar_status_t status = block_open(header, payload, bytes, &block, cause_p);
    uint64_t at = 0;
    size_t n;

    if (status != SPAR_OK) {
        return status;
    }
    if (entries_p->capacity < header->selected ||
        entries_p->width < spar_dtype_size(dtype)) {
        if (cause_p != NULL) {
            *cause_p = "the list has no room for the entries";
        }
        return SPAR_ERR_INVALID;
    }
    for (; (n = block_next(&block, entries_p->indices + at)) > 0; at += n) {
    }
    if (at > 0) {
        spar_values_get(header->values, block.scales, block.phase, block.values,
                        0, (size_t)at, entries_p->values);
    }
    entries_p->count = (size_t)at;
    entries_p->dtype = dtype;
    entries_p->travels = header->values;
    return SPAR_OK;
}
