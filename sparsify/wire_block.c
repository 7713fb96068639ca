#include "sparsify/wire_block.h"

#include "sparsify/wire_bytes.h"
#include "sparsify/wire_sizes.h"

static const char *split(const spar_wire_header_t *header, const void *payload,
                         size_t bytes, spar_wire_block_t *block_p)
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

static bool indices_valid(const spar_wire_block_t *block, uint64_t span)
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

spar_status_t spar_wire_block_open(const spar_wire_header_t *header,
                                   const void *payload, size_t bytes,
                                   spar_wire_block_t *block_p,
                                   const char **cause_p)
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

size_t spar_wire_block_next(spar_wire_block_t *block, uint32_t *indices)
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
