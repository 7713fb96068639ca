#include "exchange/apply.h"
#include "exchange/split_machine.h"
#include "sparsify/wire_bytes.h"

static unsigned char *result_of(const spar_split_t *split, int owner)
{
    return spar_blocks_at(&split->results, 0) + split->parts[owner].offset;
}

/* Bytes of the message of one owner at most. */
static size_t result_room(const spar_split_t *split, int owner)
{
    uint32_t span = spar_split_span(split->state, owner);

    return SPAR_WIRE_HEADER_BYTES + SPAR_SPLIT_LOAD_BYTES +
           spar_wire_payload_bound(
               spar_values_native(split->machine.exchange.call.header.dtype),
               span, spar_split_most_chosen(split, span));
}

/* The header of what an owner sends, as far as all know it. */
static spar_wire_header_t result_header(const spar_split_t *split, int owner)
{
    spar_wire_header_t header = split->machine.exchange.call.header;

    header.values = spar_values_native(header.dtype);
    header.first = spar_split_begin(split->state, owner);
    header.span = spar_split_span(split->state, owner);
    return header;
}

/* Gives every owner its place among the results. */
static spar_status_t place(spar_split_t *split)
{
    size_t offset = 0;

    for (int owner = 0; owner < split->state->ranks; owner++) {
        split->parts[owner].known = false;
        split->parts[owner].offset = offset;
        offset += spar_split_aligned(result_room(split, owner));
    }
    return offset <= split->results.each ? SPAR_OK : SPAR_ERR_INVALID;
}

/* Chooses from this rank's region, and writes that as a message. */
static spar_status_t write_result(spar_split_t *split, size_t *bytes_p)
{
    const spar_exchange_t *exchange = &split->machine.exchange;
    spar_split_region_t *region = &split->region;
    int me = exchange->transport->rank;
    unsigned char *block = result_of(split, me);
    spar_wire_header_t header = result_header(split, me);
    spar_selector_t all;
    spar_selector_t *selector = &split->state->selector;
    spar_status_t status;

    if (exchange->call.residual == NULL) {
        selector = &all;
        spar_selector_init(&all, SPAR_SELECT_TOPK, header.dtype, region->span);
    }
    spar_split_region_choose(region, selector,
                             spar_split_most_chosen(split, region->span),
                             exchange->call.residual == NULL);
    status = spar_wire_encode(&region->chosen, 0, region->chosen.count, 0,
                              header.span, spar_block_payload(block),
                              result_room(split, me) - SPAR_WIRE_HEADER_BYTES -
                                  SPAR_SPLIT_LOAD_BYTES,
                              &header);
    if (status == SPAR_OK) {
        spar_wire_header_pack(&header, block);
        spar_wire_store64(spar_block_payload(block) + header.payload_bytes,
                          region->load);
        *bytes_p = SPAR_WIRE_HEADER_BYTES + header.payload_bytes +
                   SPAR_SPLIT_LOAD_BYTES;
    }
    return status;
}

spar_status_t spar_split_gather(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    int size = exchange->transport->size;
    int me = exchange->transport->rank;
    int tag = exchange->tag + 1;
    spar_status_t status = place(split);
    size_t bytes = 0;

    split->phase = SPAR_SPLIT_GATHER;
    if (status == SPAR_OK) {
        status = write_result(split, &bytes);
    }
    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, me, "its sums do not fit");
    }
    machine->receives[me].bytes = bytes;
    for (int i = 1; status == SPAR_OK && i < size; i++) {
        int to = (me + i) % size;
        int from = (me - i + size) % size;

        status =
            spar_machine_receive(machine, from, tag, result_of(split, from),
                                 result_room(split, from));
        if (status == SPAR_OK) {
            status = spar_machine_send(machine, to, tag, result_of(split, me),
                                       bytes);
        }
    }
    return status;
}

static spar_status_t read_result(spar_split_t *split, int owner)
{
    spar_machine_t *machine = &split->machine;
    spar_split_part_t *part = &split->parts[owner];
    unsigned char *block = result_of(split, owner);
    const spar_wire_header_t expected = result_header(split, owner);
    size_t received = machine->receives[owner].bytes;
    const char *cause = NULL;
    spar_status_t status =
        spar_block_read(block, received, &expected, &part->header, &cause);

    if (status == SPAR_OK &&
        !spar_block_is_whole(&part->header, received - SPAR_SPLIT_LOAD_BYTES)) {
        cause = "sent more or fewer bytes than it says";
        status = SPAR_ERR_WIRE;
    }
    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, owner, cause);
    }
    split->loads[owner] = spar_wire_load64(spar_block_payload(block) +
                                           part->header.payload_bytes);
    part->known = true;
    machine->exchange.moves++;
    return SPAR_OK;
}

static void begin_to_apply(spar_split_t *split)
{
    split->phase = SPAR_SPLIT_APPLY;
    split->done = 0;
    split->cursor = 0;
    split->settled = false;
    split->delivered.count = 0;
    split->delivered.dtype = split->machine.exchange.call.header.dtype;
    spar_split_balance_start(&split->balance, split->state, split->loads);
}

spar_status_t spar_split_progress_gather(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    spar_status_t all = SPAR_OK;

    for (int rank = 0; rank < exchange->transport->size; rank++) {
        spar_status_t status = spar_machine_received(machine, rank);

        if (status == SPAR_OK && !split->parts[rank].known) {
            status = read_result(split, rank);
        }
        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    if (all == SPAR_OK) {
        all = spar_machine_all_sent(machine);
    }
    if (all == SPAR_OK && spar_machine_may_apply(machine) &&
        !spar_machine_may_commit(machine)) {
        begin_to_apply(split);
    }
    return all;
}

/* Notes which of this rank's entries of a region are in its result. */
static void note_delivered(spar_split_t *split, uint32_t begin, uint32_t end)
{
    const spar_selection_t *mine = split->machine.exchange.call.selection;
    const spar_selection_t *result = &split->decoded;
    spar_selection_t *delivered = &split->delivered;
    bool wide = mine->dtype == SPAR_DTYPE_F64;
    size_t i = 0;

    for (; split->cursor < mine->count && mine->indices[split->cursor] < end;
         split->cursor++) {
        uint32_t index = mine->indices[split->cursor];

        while (i < result->count && result->indices[i] + begin < index) {
            i++;
        }
        if (i == result->count || result->indices[i] + begin != index) {
            continue;
        }
        if (wide) {
            ((double *)delivered->values)[delivered->count] =
                ((const double *)mine->values)[split->cursor];
        } else {
            ((float *)delivered->values)[delivered->count] =
                ((const float *)mine->values)[split->cursor];
        }
        delivered->indices[delivered->count++] = index;
    }
}

/* Adds a region's result, which is decoded already. */
static spar_status_t add_region(spar_split_t *split, int owner)
{
    spar_machine_t *machine = &split->machine;
    const spar_wire_header_t *header = &split->parts[owner].header;
    spar_target_t *target = machine->exchange.call.target;

    return target == NULL
               ? spar_apply_block(machine, owner, header,
                                  spar_block_payload(result_of(split, owner)))
               : spar_apply_entries(machine, header->first, &split->decoded);
}

static spar_status_t apply_region(spar_split_t *split, int owner)
{
    spar_machine_t *machine = &split->machine;
    const spar_exchange_call_t *call = &machine->exchange.call;
    const spar_wire_header_t *header = &split->parts[owner].header;
    const unsigned char *payload = spar_block_payload(result_of(split, owner));
    const char *cause = NULL;
    spar_status_t status = spar_wire_decode(
        header, payload, header->payload_bytes, &split->decoded, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, owner, cause);
    }
    status = add_region(split, owner);
    if (status != SPAR_OK) {
        return status;
    }
    if (call->residual != NULL) {
        note_delivered(split, (uint32_t)header->first,
                       (uint32_t)header->first + header->span);
    }
    if (split->balance.due) {
        spar_split_balance_add(&split->balance, split->state, owner,
                               split->loads[owner], split->decoded.indices,
                               split->decoded.count);
    }
    return SPAR_OK;
}

/* All regions are added. Cuts them anew only when nothing can fail any more. */
static spar_status_t end_to_apply(spar_split_t *split)
{
    spar_exchange_t *exchange = &split->machine.exchange;
    const spar_exchange_call_t *call = &exchange->call;
    spar_status_t status = SPAR_OK;

    exchange->entries_sent = call->selection->count;
    if (call->residual != NULL) {
        exchange->entries_sent = split->delivered.count;
    }
    if (!split->settled) {
        status = spar_apply_settle(&split->machine, &split->delivered);
        split->settled = status == SPAR_OK;
    }
    if (status == SPAR_OK) {
        status = spar_apply_finish(&split->machine);
    }
    if (status == SPAR_OK) {
        spar_split_balance_finish(&split->balance, split->state);
    }
    return status;
}

spar_status_t spar_split_progress_apply(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    spar_status_t status = SPAR_OK;

    if (spar_machine_may_commit(machine)) {
        return SPAR_INPROGRESS; /* once more */
    }
    if (spar_apply_begins_again(machine)) {
        begin_to_apply(split);
    }
    if (split->done < split->state->ranks) {
        status = apply_region(split, split->done);
        if (status == SPAR_OK) {
            machine->exchange.moves++;
            split->done++;
        }
    }
    if (status != SPAR_OK || split->done < split->state->ranks) {
        return status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    return end_to_apply(split);
}
