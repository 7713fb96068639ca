#include "exchange/quantised.h"

#include "exchange/quantised_machine.h"
#include "sparsify/quantise.h"

#include <stdlib.h>

static void shrink(spar_exchange_t *exchange)
{
    spar_quantised_t *quantised = (spar_quantised_t *)exchange;

    spar_blocks_cleanup(&quantised->blocks);
    free(quantised->sum);
    quantised->sum = NULL;
    quantised->sum_room = 0;
}

static void destroy(spar_exchange_t *exchange)
{
    spar_quantised_t *quantised = (spar_quantised_t *)exchange;

    if (spar_machine_release(&quantised->machine)) {
        shrink(exchange);
        free(quantised->peers);
        free(quantised);
    }
}

static spar_status_t reserve_sum(spar_quantised_t *quantised, uint64_t elements)
{
    float *sum;

    if (elements <= quantised->sum_room) {
        return SPAR_OK;
    }
    sum = aligned_alloc(64, elements * sizeof(*sum));
    if (sum == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    free(quantised->sum);
    quantised->sum = sum;
    quantised->sum_room = elements;
    return SPAR_OK;
}

static spar_status_t reserve(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size)
{
    spar_quantised_t *quantised = (spar_quantised_t *)exchange;
    uint64_t elements = spar_quantised_chunk_elements(quantised, size->count);
    spar_status_t status = SPAR_ERR_NO_MEMORY;

    quantised->machine.room = (spar_exchange_size_t){.count = 0};
    if (size->dtype != SPAR_DTYPE_F32 || size->targeted) {
        return SPAR_ERR_INVALID;
    }
    if (size->count <= UINT32_MAX) {
        status = spar_blocks_reserve(
            &quantised->blocks,
            3 * SPAR_QUANTISED_WINDOW * (size_t)spar_quantised_ranks(quantised),
            spar_quantise_bytes(size->values, elements));
    }
    if (status == SPAR_OK) {
        status = reserve_sum(quantised, elements);
    }
    if (status == SPAR_OK) {
        quantised->machine.room = *size;
    }
    exchange->memory = quantised->blocks.capacity +
                       quantised->sum_room * sizeof(*quantised->sum);
    return status;
}

/* The header alone; with flags, it is all that this rank sends. */
static spar_status_t send_header(spar_quantised_t *quantised, int owner)
{
    spar_machine_t *machine = &quantised->machine;
    spar_wire_header_t header = spar_quantised_header(
        quantised, (spar_quantised_chunk_t){.owner = owner, .number = 0});
    unsigned char *bytes = quantised->peers[owner].mine;

    header.flags = machine->exchange.call.header.flags;
    spar_wire_header_pack(&header, bytes);
    return spar_machine_send(machine, owner, machine->exchange.tag, bytes,
                             SPAR_WIRE_HEADER_BYTES);
}

/* Where a rank's first message arrives. */
static unsigned char *first_from(const spar_quantised_t *quantised, int rank)
{
    return quantised->machine.exchange.call.eager
               ? spar_quantised_part_from(quantised, rank, 0)
               : quantised->peers[rank].theirs;
}

/* The first messages with one peer on each side. */
static spar_status_t post_first(spar_quantised_t *quantised, int from, int to)
{
    spar_machine_t *machine = &quantised->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    bool whole = exchange->call.eager && exchange->call.header.flags == 0;
    spar_status_t status = spar_machine_receive(
        machine, from, exchange->tag, first_from(quantised, from),
        exchange->call.eager ? quantised->blocks.each : SPAR_WIRE_HEADER_BYTES);

    if (status != SPAR_OK) {
        return status;
    }
    return whole ? spar_quantised_send_part(
                       quantised,
                       (spar_quantised_chunk_t){.owner = to, .number = 0})
                 : send_header(quantised, to);
}

static spar_status_t start(spar_exchange_t *exchange)
{
    spar_quantised_t *quantised = (spar_quantised_t *)exchange;
    int ranks = spar_quantised_ranks(quantised);
    spar_status_t status = SPAR_OK;

    quantised->phase = SPAR_QUANTISED_HEADERS;
    quantised->chunk =
        spar_quantised_chunk_elements(quantised, exchange->call.header.count);
    quantised->summed = 0;
    /* An eager call's first parts leave with the headers. */
    quantised->parts = exchange->call.eager ? (uint64_t)(ranks - 1) : 0;
    for (int i = 0; i < ranks; i++) {
        spar_quantised_peer_t *peer = &quantised->peers[i];

        peer->known = i == spar_quantised_rank(quantised);
        peer->awaited = peer->arrived = 0;
        peer->expected = peer->delivered = 0;
    }
    if (exchange->call.header.flags == 0) {
        exchange->entries_sent = exchange->call.header.count;
    }
    for (int i = 1; status == SPAR_OK && i < ranks; i++) {
        status = post_first(quantised, spar_quantised_neighbour(quantised, -i),
                            spar_quantised_neighbour(quantised, i));
    }
    return status;
}

static spar_status_t read_first(spar_quantised_t *quantised, int rank)
{
    spar_machine_t *machine = &quantised->machine;
    const unsigned char *block = first_from(quantised, rank);
    const spar_quantised_chunk_t mine = {
        .owner = spar_quantised_rank(quantised), .number = 0};
    spar_quantised_peer_t *peer = &quantised->peers[rank];
    size_t received = spar_machine_got(machine, 0, rank);
    spar_wire_header_t header;
    spar_status_t status =
        spar_quantised_read(quantised, rank, mine, block, received, &header);

    if (status != SPAR_OK) {
        return status;
    }
    if (machine->exchange.call.eager && header.flags == 0) {
        status =
            spar_quantised_check(quantised, rank, &header, block, received);
        peer->awaited = peer->arrived =
            spar_quantised_chunks(quantised, mine.owner) > 0;
    } else if (received != SPAR_WIRE_HEADER_BYTES) {
        status = spar_machine_fail(machine, SPAR_ERR_WIRE, rank,
                                   "sent more than a header");
    }
    peer->known = true;
    machine->exchange.flags |= header.flags;
    machine->exchange.moves++;
    return status;
}

static spar_status_t progress_headers(spar_quantised_t *quantised)
{
    spar_machine_t *machine = &quantised->machine;
    spar_exchange_t *exchange = &machine->exchange;
    spar_status_t all = SPAR_OK;

    for (int rank = 0; rank < spar_quantised_ranks(quantised); rank++) {
        spar_status_t status = spar_machine_received(machine, rank);

        if (status == SPAR_OK && !quantised->peers[rank].known) {
            status = read_first(quantised, rank);
        }
        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    if (all == SPAR_OK) {
        exchange->agreed = true;
        exchange->moves++;
        quantised->phase = SPAR_QUANTISED_AGREED;
    }
    return SPAR_INPROGRESS;
}

/* Nothing may be written before it is known that the result is wanted. */
static spar_status_t progress_agreed(spar_quantised_t *quantised)
{
    spar_machine_t *machine = &quantised->machine;
    spar_status_t status;

    if (spar_machine_is_over(machine)) {
        status = spar_machine_all_sent(machine);
        return status == SPAR_OK ? spar_machine_end(machine) : status;
    }
    if (spar_machine_may_apply(machine)) {
        machine->exchange.moves++;
        quantised->phase = SPAR_QUANTISED_CHUNKS;
    }
    return SPAR_INPROGRESS;
}

static spar_status_t progress(spar_exchange_t *exchange)
{
    spar_quantised_t *quantised = (spar_quantised_t *)exchange;

    if (!quantised->machine.busy) {
        return SPAR_ERR_INVALID;
    }
    switch (quantised->phase) {
    case SPAR_QUANTISED_HEADERS:
        return progress_headers(quantised);
    case SPAR_QUANTISED_AGREED:
        return progress_agreed(quantised);
    case SPAR_QUANTISED_CHUNKS:
        break;
    }
    return spar_quantised_progress_chunks(quantised);
}

static const spar_exchange_ops_t quantised_ops = {
    "quantised", destroy, reserve, shrink, start, progress};

spar_status_t spar_quantised_create(spar_transport_t *transport, int tag,
                                    spar_exchange_t **exchange_p)
{
    spar_quantised_t *quantised = calloc(1, sizeof(*quantised));
    spar_status_t status;

    if (quantised == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    status = spar_machine_init_ways(&quantised->machine, &quantised_ops,
                                    transport, tag, 2 * SPAR_QUANTISED_WINDOW);
    quantised->peers =
        calloc((size_t)transport->size, sizeof(quantised->peers[0]));
    if (status != SPAR_OK || quantised->peers == NULL) {
        destroy(&quantised->machine.exchange);
        return SPAR_ERR_NO_MEMORY;
    }
    *exchange_p = &quantised->machine.exchange;
    return SPAR_OK;
}
