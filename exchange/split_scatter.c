#include "exchange/split_machine.h"

/* The first entry, from `from` on, whose index is at least `index`. */
static size_t entry_at(const spar_selection_t *selection, size_t from,
                       uint32_t index)
{
    size_t to = selection->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (selection->indices[middle] < index) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* Where the entries come in that a rank has in this rank's region. */
static unsigned char *incoming_of(const spar_split_t *split, int rank)
{
    return spar_blocks_at(&split->received, (size_t)rank);
}

/* Writes this rank's entries of one region as a message; the first one is
 * sought from entry `*from` on, which moves behind them. */
static spar_status_t write_entries(const spar_split_t *split, int owner,
                                   unsigned char *block, size_t room,
                                   size_t *from, size_t *bytes_p)
{
    const spar_exchange_t *exchange = &split->machine.exchange;
    const spar_selection_t *selection = exchange->call.selection;
    spar_wire_header_t header = exchange->call.header;
    uint32_t begin = spar_split_begin(split->state, owner);
    size_t end;
    spar_status_t status = SPAR_OK;

    header.first = begin;
    header.span = spar_split_span(split->state, owner);
    if (header.flags == 0) {
        size_t first = entry_at(selection, *from, begin);

        end = owner + 1 == split->state->ranks
                  ? selection->count
                  : entry_at(selection, first, begin + header.span);
        status = spar_wire_encode(selection, first, end, begin, header.span,
                                  spar_block_payload(block),
                                  room - SPAR_WIRE_HEADER_BYTES, &header);
        *from = end;
    }
    spar_wire_header_pack(&header, block);
    *bytes_p = SPAR_WIRE_HEADER_BYTES + header.payload_bytes;
    return status;
}

static spar_status_t post_receives(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    spar_status_t status = SPAR_OK;

    for (int rank = 0; status == SPAR_OK && rank < exchange->transport->size;
         rank++) {
        if (rank != exchange->transport->rank) {
            status = spar_machine_receive(machine, rank, exchange->tag + 1,
                                          incoming_of(split, rank),
                                          split->received.each);
        }
    }
    return status;
}

spar_status_t spar_split_scatter(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    int size = exchange->transport->size;
    int me = exchange->transport->rank;
    unsigned char *block = spar_blocks_at(&split->sent, 0);
    const unsigned char *end = block + split->sent.each;
    size_t entry = 0;
    spar_status_t status = post_receives(split);

    split->phase = SPAR_SPLIT_SCATTER;
    split->done = 0;
    spar_split_region_begin(&split->region, exchange->call.header.dtype,
                            spar_split_span(split->state, me));
    /* From the next rank on, so that not all send to the same owner at once. */
    for (int i = 1; status == SPAR_OK && i <= size; i++) {
        int owner = (me + i) % size;
        bool own = owner == me;
        unsigned char *at = own ? incoming_of(split, me) : block;
        size_t room = own ? split->received.each : (size_t)(end - block);
        size_t bytes;

        split->parts[owner].known = false;
        if (owner == 0) {
            entry = 0;
        }
        if (write_entries(split, owner, at, room, &entry, &bytes) != SPAR_OK) {
            return spar_machine_fail(machine, SPAR_ERR_INVALID, me,
                                     "its entries do not fit");
        }
        if (own) {
            machine->receives[me].bytes = bytes;
            continue;
        }
        status =
            spar_machine_send(machine, owner, exchange->tag + 1, block, bytes);
        block += spar_split_aligned(bytes);
    }
    return status;
}

static spar_status_t read_entries(spar_split_t *split, int rank)
{
    spar_machine_t *machine = &split->machine;
    spar_exchange_t *exchange = &machine->exchange;
    spar_split_part_t *part = &split->parts[rank];
    spar_wire_header_t expected = exchange->call.header;
    size_t received = machine->receives[rank].bytes;
    int me = exchange->transport->rank;
    const char *cause = NULL;
    spar_status_t status;

    expected.first = spar_split_begin(split->state, me);
    expected.span = spar_split_span(split->state, me);
    status = spar_block_read(incoming_of(split, rank), received, &expected,
                             &part->header, &cause);
    if (status == SPAR_OK && !spar_block_is_whole(&part->header, received)) {
        cause = "sent more or fewer bytes than it says";
        status = SPAR_ERR_WIRE;
    }
    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, rank, cause);
    }
    part->known = true;
    exchange->flags |= part->header.flags;
    exchange->moves++;
    return SPAR_OK;
}

/* Adds what is there, in rank order. */
static spar_status_t add_entries(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_t *exchange = &machine->exchange;

    while (split->done < exchange->transport->size &&
           split->parts[split->done].known && exchange->flags == 0) {
        int rank = split->done++;
        const char *cause = NULL;
        spar_status_t status = spar_split_region_add(
            &split->region, &split->parts[rank].header,
            spar_block_payload(incoming_of(split, rank)), &cause);

        if (status != SPAR_OK) {
            return spar_machine_fail(machine, status, rank, cause);
        }
    }
    return SPAR_OK;
}

spar_status_t spar_split_progress_scatter(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    spar_exchange_t *exchange = &machine->exchange;
    spar_status_t all = SPAR_OK;
    spar_status_t status;

    for (int rank = 0; rank < exchange->transport->size; rank++) {
        status = spar_machine_received(machine, rank);
        if (status == SPAR_OK && !split->parts[rank].known) {
            status = read_entries(split, rank);
        }
        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    status = add_entries(split);
    if (status != SPAR_OK) {
        return status;
    }
    exchange->agreed |= all == SPAR_OK;
    return all == SPAR_OK ? spar_machine_all_sent(machine) : all;
}
