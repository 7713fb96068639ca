#include "exchange/quantised_machine.h"

#include "sparsify/quantise.h"

static spar_status_t post_receives(spar_quantised_t *quantised, int rank)
{
    spar_machine_t *machine = &quantised->machine;
    spar_quantised_peer_t *peer = &quantised->peers[rank];
    uint64_t parts =
        spar_quantised_chunks(quantised, spar_quantised_rank(quantised));
    uint64_t sums = spar_quantised_chunks(quantised, rank);
    int tag = machine->exchange.tag;
    spar_status_t status = SPAR_OK;

    for (; status == SPAR_OK && peer->awaited < parts &&
           peer->awaited < quantised->summed + SPAR_QUANTISED_WINDOW;
         peer->awaited++) {
        status = spar_machine_receive_by(
            machine, (int)spar_quantised_slot(peer->awaited), rank, tag,
            spar_quantised_part_from(quantised, rank, peer->awaited),
            quantised->blocks.each);
    }
    for (; status == SPAR_OK && peer->expected < sums &&
           peer->expected < peer->delivered + SPAR_QUANTISED_WINDOW;
         peer->expected++) {
        status = spar_machine_receive_by(
            machine,
            SPAR_QUANTISED_WAY_OF_SUMS +
                (int)spar_quantised_slot(peer->expected),
            rank, tag + 1,
            spar_quantised_sum_from(quantised, rank, peer->expected),
            quantised->blocks.each);
    }
    return status;
}

/* Takes the oldest message of one kind from a peer, if it is there. */
static spar_status_t take_message(spar_quantised_t *quantised, int rank,
                                  int way, spar_quantised_chunk_t chunk,
                                  const unsigned char *block)
{
    spar_machine_t *machine = &quantised->machine;
    spar_status_t status = spar_machine_received_by(machine, way, rank);
    spar_wire_header_t header;

    if (status != SPAR_OK) {
        return status;
    }
    status = spar_quantised_read(quantised, rank, chunk, block,
                                 spar_machine_got(machine, way, rank), &header);
    return status == SPAR_OK
               ? spar_quantised_check(quantised, rank, &header, block,
                                      spar_machine_got(machine, way, rank))
               : status;
}

static spar_status_t take_part(spar_quantised_t *quantised, int rank)
{
    spar_quantised_peer_t *peer = &quantised->peers[rank];
    const spar_quantised_chunk_t chunk = {
        .owner = spar_quantised_rank(quantised), .number = peer->arrived};
    spar_status_t status;

    if (peer->arrived == peer->awaited) {
        return SPAR_OK;
    }
    status = take_message(
        quantised, rank, (int)spar_quantised_slot(chunk.number), chunk,
        spar_quantised_part_from(quantised, rank, chunk.number));
    if (status == SPAR_OK) {
        peer->arrived++;
        quantised->machine.exchange.moves++;
    }
    return status;
}

static void deliver(spar_quantised_t *quantised, spar_quantised_chunk_t chunk,
                    unsigned char *block)
{
    spar_wire_header_t header = spar_quantised_header(quantised, chunk);
    float *out = quantised->machine.exchange.call.out;

    spar_quantise_get(header.values, spar_block_payload(block), header.span,
                      out + header.first);
    quantised->peers[chunk.owner].delivered++;
    quantised->machine.exchange.moves++;
}

static spar_status_t take_sum(spar_quantised_t *quantised, int rank)
{
    const spar_quantised_peer_t *peer = &quantised->peers[rank];
    const spar_quantised_chunk_t chunk = {.owner = rank,
                                          .number = peer->delivered};
    spar_status_t status;

    if (peer->delivered == peer->expected) {
        return SPAR_OK;
    }
    status = take_message(
        quantised, rank,
        SPAR_QUANTISED_WAY_OF_SUMS + (int)spar_quantised_slot(chunk.number),
        chunk, spar_quantised_sum_from(quantised, rank, chunk.number));
    if (status == SPAR_OK) {
        deliver(quantised, chunk,
                spar_quantised_sum_from(quantised, rank, chunk.number));
    }
    return status;
}

static spar_status_t receive(spar_quantised_t *quantised)
{
    for (int distance = 1; distance < spar_quantised_ranks(quantised);
         distance++) {
        int rank = spar_quantised_neighbour(quantised, -distance);
        spar_status_t status = take_sum(quantised, rank);

        if (status >= 0) {
            status = take_part(quantised, rank);
        }
        if (status >= 0) {
            status = post_receives(quantised, rank);
        }
        if (status < 0) {
            return status;
        }
    }
    return SPAR_OK;
}

/* Whether all parts of my slice's next chunk are there, and the buffer of its
 * sum is free. */
static spar_status_t may_sum(spar_quantised_t *quantised)
{
    int way = SPAR_QUANTISED_WAY_OF_SUMS +
              (int)spar_quantised_slot(quantised->summed);

    if (quantised->summed ==
        spar_quantised_chunks(quantised, spar_quantised_rank(quantised))) {
        return SPAR_INPROGRESS;
    }
    for (int distance = 1; distance < spar_quantised_ranks(quantised);
         distance++) {
        int rank = spar_quantised_neighbour(quantised, distance);
        spar_status_t status = SPAR_INPROGRESS;

        if (quantised->peers[rank].arrived > quantised->summed) {
            status = spar_machine_sent_by(&quantised->machine, way, rank);
        }
        if (status != SPAR_OK) {
            return status;
        }
    }
    return SPAR_OK;
}

/* All ranks' parts, in rank order; the sum takes the place of the own one. */
static size_t add_parts(spar_quantised_t *quantised,
                        spar_quantised_chunk_t chunk)
{
    const spar_exchange_call_t *call = &quantised->machine.exchange.call;
    spar_wire_header_t header = spar_quantised_header(quantised, chunk);
    unsigned char *own =
        spar_quantised_part_for(quantised, chunk.owner, chunk.number);
    size_t bytes = spar_quantised_round_part(quantised, chunk);

    for (int rank = 0; rank < spar_quantised_ranks(quantised); rank++) {
        unsigned char *payload = spar_block_payload(
            spar_quantised_part_from(quantised, rank, chunk.number));

        if (rank == 0) {
            spar_quantise_get(header.values, payload, header.span,
                              quantised->sum);
        } else {
            spar_quantise_add(header.values, payload, header.span,
                              quantised->sum);
        }
    }
    spar_quantise(header.values, quantised->sum, header.span,
                  spar_quantise_seed(call->seed, SPAR_QUANTISED_SUMS),
                  header.first / SPAR_VALUES_GROUP, spar_block_payload(own));
    return bytes;
}

static spar_status_t sum_next(spar_quantised_t *quantised)
{
    spar_machine_t *machine = &quantised->machine;
    const spar_quantised_chunk_t chunk = {
        .owner = spar_quantised_rank(quantised), .number = quantised->summed};
    int way =
        SPAR_QUANTISED_WAY_OF_SUMS + (int)spar_quantised_slot(chunk.number);
    unsigned char *block =
        spar_quantised_part_for(quantised, chunk.owner, chunk.number);
    spar_status_t status = may_sum(quantised);
    size_t bytes;

    if (status != SPAR_OK) {
        return status;
    }
    bytes = add_parts(quantised, chunk);
    for (int i = 1; status == SPAR_OK && i < spar_quantised_ranks(quantised);
         i++) {
        status = spar_machine_send_by(machine, way,
                                      spar_quantised_neighbour(quantised, i),
                                      machine->exchange.tag + 1, block, bytes);
    }
    if (status == SPAR_OK) {
        deliver(quantised, chunk, block);
        quantised->summed++;
    }
    return status;
}

/* Chunk by chunk, all owners' first chunks first. */
static spar_status_t send_next(spar_quantised_t *quantised)
{
    uint64_t others = (uint64_t)(spar_quantised_ranks(quantised) - 1);
    spar_status_t status;
    spar_quantised_chunk_t chunk;

    if (others == 0 ||
        quantised->parts == others * spar_quantised_most_chunks(quantised)) {
        return SPAR_OK;
    }
    chunk.number = quantised->parts / others;
    chunk.owner = spar_quantised_neighbour(
        quantised, 1 + (int)(quantised->parts % others));
    if (chunk.number < spar_quantised_chunks(quantised, chunk.owner)) {
        status = spar_machine_sent_by(&quantised->machine,
                                      (int)spar_quantised_slot(chunk.number),
                                      chunk.owner);
        status = status == SPAR_OK ? spar_quantised_send_part(quantised, chunk)
                                   : status;
        if (status != SPAR_OK) {
            return status;
        }
    }
    quantised->parts++;
    quantised->machine.exchange.moves++;
    return SPAR_OK;
}

/* Whether all sums are delivered and everything of this rank has left. */
static spar_status_t finish(spar_quantised_t *quantised)
{
    spar_machine_t *machine = &quantised->machine;
    uint64_t others = (uint64_t)(spar_quantised_ranks(quantised) - 1);

    if (quantised->parts < others * spar_quantised_most_chunks(quantised)) {
        return SPAR_INPROGRESS;
    }
    for (int rank = 0; rank < spar_quantised_ranks(quantised); rank++) {
        if (quantised->peers[rank].delivered <
            spar_quantised_chunks(quantised, rank)) {
            return SPAR_INPROGRESS;
        }
    }
    for (int i = 0; i < machine->ways * spar_quantised_ranks(quantised); i++) {
        spar_status_t status =
            spar_machine_sent_by(machine, i / spar_quantised_ranks(quantised),
                                 i % spar_quantised_ranks(quantised));

        if (status != SPAR_OK) {
            return status;
        }
    }
    return spar_machine_end(machine);
}

/* What others wait for comes first. */
spar_status_t spar_quantised_progress_chunks(spar_quantised_t *quantised)
{
    spar_status_t status = receive(quantised);

    if (status >= 0) {
        status = sum_next(quantised);
    }
    if (status >= 0) {
        status = send_next(quantised);
    }
    return status < 0 ? status : finish(quantised);
}
