#include "exchange/quantised_machine.h"

#include "sparsify/quantise.h"
#include "sparsify/wire_block.h"

/* Elements of a chunk: for few ranks, and the most of the chunks for all ranks
 * together. Measured: docs/decisions.md, "Sums with fewer bits". */
#define CHUNK      ((uint64_t)64 * 1024)
#define ALL_CHUNKS ((uint64_t)1024 * 1024)
static uint64_t groups_of(uint64_t count)
{
    return (count + SPAR_VALUES_GROUP - 1) / SPAR_VALUES_GROUP;
}

/* Whole groups. Grows with the count, so that room for one layer is room for
 * smaller ones. */
uint64_t spar_quantised_chunk_elements(const spar_quantised_t *quantised,
                                       uint64_t count)
{
    uint64_t ranks = (uint64_t)spar_quantised_ranks(quantised);
    uint64_t most =
        groups_of(CHUNK < ALL_CHUNKS / ranks ? CHUNK : ALL_CHUNKS / ranks);
    uint64_t slice = (groups_of(count) + ranks - 1) / ranks;

    return (slice < most ? slice : most) * SPAR_VALUES_GROUP;
}

/* Elements in front of a slice. */
static uint64_t slice_begin(const spar_quantised_t *quantised, int owner)
{
    uint64_t count = quantised->machine.exchange.call.header.count;
    uint64_t groups = groups_of(count);
    uint64_t begin = groups * (uint64_t)owner /
                     (uint64_t)spar_quantised_ranks(quantised) *
                     SPAR_VALUES_GROUP;

    return begin < count ? begin : count;
}

uint64_t spar_quantised_chunks(const spar_quantised_t *quantised, int owner)
{
    uint64_t elements =
        slice_begin(quantised, owner + 1) - slice_begin(quantised, owner);

    return (elements + quantised->chunk - 1) / quantised->chunk;
}

/* Of the largest slice. */
uint64_t spar_quantised_most_chunks(const spar_quantised_t *quantised)
{
    uint64_t most = 0;

    for (int owner = 0; owner < spar_quantised_ranks(quantised); owner++) {
        uint64_t chunks = spar_quantised_chunks(quantised, owner);

        most = chunks > most ? chunks : most;
    }
    return most;
}

/* What a message with this chunk says, but for flags and payload. An empty
 * slice has an empty first chunk. */
spar_wire_header_t spar_quantised_header(const spar_quantised_t *quantised,
                                         spar_quantised_chunk_t chunk)
{
    spar_wire_header_t header = quantised->machine.exchange.call.header;
    uint64_t end = slice_begin(quantised, chunk.owner + 1);

    header.flags = 0;
    header.coding = SPAR_WIRE_ALL;
    header.first =
        slice_begin(quantised, chunk.owner) + chunk.number * quantised->chunk;
    header.span =
        (uint32_t)(end - header.first < quantised->chunk ? end - header.first
                                                         : quantised->chunk);
    return header;
}

static uint64_t payload_of(const spar_wire_header_t *header)
{
    return spar_quantise_bytes(header->values, header->span);
}

/* Buffers: of my parts, of the others' parts of my slice, of the others' sums,
 * each by rank and slot; and of my slice's sums. */
static unsigned char *block_at(const spar_quantised_t *quantised, int kind,
                               int rank, uint64_t number)
{
    size_t row =
        (size_t)kind * (size_t)spar_quantised_ranks(quantised) + (size_t)rank;

    return spar_blocks_at(&quantised->blocks, row * SPAR_QUANTISED_WINDOW +
                                                  spar_quantised_slot(number));
}

unsigned char *spar_quantised_part_for(const spar_quantised_t *quantised,
                                       int owner, uint64_t number)
{
    return block_at(quantised, 0, owner, number);
}

unsigned char *spar_quantised_part_from(const spar_quantised_t *quantised,
                                        int rank, uint64_t number)
{
    return rank == spar_quantised_rank(quantised)
               ? spar_quantised_part_for(quantised, rank, number)
               : block_at(quantised, 1, rank, number);
}

unsigned char *spar_quantised_sum_from(const spar_quantised_t *quantised,
                                       int owner, uint64_t number)
{
    return block_at(quantised, 2, owner, number);
}

/* Rounds this rank's part of a chunk into its buffer; returns the bytes of the
 * message. */
size_t spar_quantised_round_part(spar_quantised_t *quantised,
                                 spar_quantised_chunk_t chunk)
{
    const spar_exchange_call_t *call = &quantised->machine.exchange.call;
    const float *gradient = call->gradient;
    spar_wire_header_t header = spar_quantised_header(quantised, chunk);
    unsigned char *block =
        spar_quantised_part_for(quantised, chunk.owner, chunk.number);

    header.selected = header.span;
    header.payload_bytes = payload_of(&header);
    spar_wire_header_pack(&header, block);
    spar_quantise(header.values, gradient + header.first, header.span,
                  spar_quantise_seed(call->seed, SPAR_QUANTISED_PARTS),
                  header.first / SPAR_VALUES_GROUP, spar_block_payload(block));
    return SPAR_WIRE_HEADER_BYTES + header.payload_bytes;
}

spar_status_t spar_quantised_send_part(spar_quantised_t *quantised,
                                       spar_quantised_chunk_t chunk)
{
    spar_machine_t *machine = &quantised->machine;
    size_t bytes = spar_quantised_round_part(quantised, chunk);

    return spar_machine_send_by(
        machine, (int)spar_quantised_slot(chunk.number), chunk.owner,
        machine->exchange.tag,
        spar_quantised_part_for(quantised, chunk.owner, chunk.number), bytes);
}

/* Reads the header of a message with a chunk. */
spar_status_t spar_quantised_read(spar_quantised_t *quantised, int rank,
                                  spar_quantised_chunk_t chunk,
                                  const unsigned char *block, size_t received,
                                  spar_wire_header_t *header_p)
{
    spar_wire_header_t expected = spar_quantised_header(quantised, chunk);
    const char *cause = NULL;
    spar_status_t status =
        spar_block_read(block, received, &expected, header_p, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(&quantised->machine, status, rank, cause);
    }
    return SPAR_OK;
}

/* Whether all of the chunk is there, and can be read. */
spar_status_t spar_quantised_check(spar_quantised_t *quantised, int rank,
                                   const spar_wire_header_t *header,
                                   const unsigned char *block, size_t received)
{
    const char *cause = "sent more or fewer elements than agreed";
    spar_wire_block_t opened;
    spar_status_t status = SPAR_ERR_WIRE;

    if (header->flags == 0 && header->coding == SPAR_WIRE_ALL &&
        header->phase == 0 && header->selected == header->span &&
        spar_block_is_whole(header, received)) {
        status = spar_wire_block_open(header, block + SPAR_WIRE_HEADER_BYTES,
                                      header->payload_bytes, &opened, &cause);
    }
    return status == SPAR_OK
               ? SPAR_OK
               : spar_machine_fail(&quantised->machine, status, rank, cause);
}
