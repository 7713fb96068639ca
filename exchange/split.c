#include "exchange/split.h"

#include "base/smaller.h"
#include "exchange/apply.h"
#include "exchange/split_machine.h"

#include <stdlib.h>

static void shrink(spar_exchange_t *exchange)
{
    spar_split_t *split = (spar_split_t *)exchange;

    spar_split_region_cleanup(&split->region);
    spar_selection_cleanup(&split->decoded);
    spar_selection_cleanup(&split->delivered);
    spar_blocks_cleanup(&split->received);
    spar_blocks_cleanup(&split->sent);
    spar_blocks_cleanup(&split->results);
}

static void destroy(spar_exchange_t *exchange)
{
    spar_split_t *split = (spar_split_t *)exchange;

    if (spar_machine_release(&split->machine)) {
        shrink(exchange);
        free(split->parts);
        free(split->loads);
        free(split);
    }
}

/* Entries that all ranks together may send of so many elements. */
static uint64_t most_sent(const spar_exchange_size_t *size, int ranks,
                          uint64_t span)
{
    return spar_smaller_product(size->entries, (uint64_t)ranks, span);
}

/* The same with error feedback. */
static uint64_t quota(const spar_exchange_size_t *size, uint64_t ranks)
{
    return (2 * size->entries + ranks - 1) / ranks;
}

/* Entries that an owner sends on of so many elements. */
uint64_t spar_split_most_chosen(const spar_split_t *split, uint64_t span)
{
    const spar_machine_t *machine = &split->machine;
    uint64_t ranks = (uint64_t)machine->exchange.transport->size;
    uint64_t most =
        most_sent(&machine->room, machine->exchange.transport->size, span);

    return machine->exchange.call.residual == NULL
               ? most
               : spar_smaller(most, quota(&machine->room, ranks));
}

/* The regions may be any: rooms are for the worst. What is not used is never
 * touched. */
static spar_status_t reserve_all(spar_split_t *split,
                                 const spar_exchange_size_t *size)
{
    size_t ranks = (size_t)split->machine.exchange.transport->size;
    uint64_t all = most_sent(size, (int)ranks, size->count);
    uint64_t most =
        size->feedback ? spar_smaller(all, quota(size, ranks)) : all;
    uint64_t results = spar_smaller(size->count, most * ranks);
    size_t entries = spar_wire_payload_bound(
        size->values, size->count, spar_smaller(size->entries, size->count));
    spar_status_t status = spar_split_region_reserve(
        &split->region, size->dtype, size->count, most);

    if (status == SPAR_OK) {
        status = spar_selection_reserve(&split->decoded, size->dtype, most);
    }
    if (status == SPAR_OK) {
        status =
            spar_selection_reserve(&split->delivered, size->dtype,
                                   spar_smaller(size->entries, size->count));
    }
    if (status == SPAR_OK) {
        status = spar_blocks_reserve(&split->received, ranks, entries);
    }
    if (status == SPAR_OK) {
        status = spar_blocks_reserve(&split->sent, 1,
                                     entries + ranks * SPAR_SPLIT_PADDING);
    }
    if (status == SPAR_OK) {
        status = spar_blocks_reserve(
            &split->results, 1,
            spar_wire_payload_bound(spar_values_native(size->dtype),
                                    size->count, results) +
                ranks * SPAR_SPLIT_PADDING);
    }
    return status;
}

static void note_memory(spar_split_t *split)
{
    split->machine.exchange.memory =
        split->received.capacity + split->sent.capacity +
        split->results.capacity + spar_selection_memory(&split->decoded) +
        spar_selection_memory(&split->delivered) +
        spar_split_region_memory(&split->region);
}

static spar_status_t reserve(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size)
{
    spar_split_t *split = (spar_split_t *)exchange;
    spar_status_t status = reserve_all(split, size);

    split->machine.room =
        status == SPAR_OK ? *size : (spar_exchange_size_t){.count = 0};
    note_memory(split);
    return status;
}

static spar_status_t start(spar_exchange_t *exchange)
{
    spar_split_t *split = (spar_split_t *)exchange;
    spar_machine_t *machine = &split->machine;
    const spar_exchange_call_t *call = &exchange->call;
    spar_status_t status;

    note_memory(split);
    split->state = call->split;
    if (split->state == NULL) {
        split->state = &split->forgetful;
        split->forgetful.ranks = 0;
    }
    spar_split_state_prepare(split->state, call->header.dtype,
                             call->header.count, exchange->transport->size);
    if (call->eager) {
        return spar_split_scatter(split);
    }
    split->phase = SPAR_SPLIT_AGREE;
    spar_agreement_start(&split->agreement);
    status = spar_agreement_progress(&split->agreement, machine);
    return status < 0 ? status : SPAR_OK;
}

/* The present phase, and what begins when it is over. */
static spar_status_t progress_phase(spar_split_t *split)
{
    spar_machine_t *machine = &split->machine;
    spar_status_t status = SPAR_ERR_INVALID;

    switch (split->phase) {
    case SPAR_SPLIT_AGREE:
        status = spar_agreement_progress(&split->agreement, machine);
        if (status == SPAR_OK && machine->exchange.flags == 0) {
            status = spar_split_scatter(split);
            return status == SPAR_OK ? SPAR_INPROGRESS : status;
        }
        break;
    case SPAR_SPLIT_SCATTER:
        status = spar_split_progress_scatter(split);
        if (status == SPAR_OK && machine->exchange.flags == 0) {
            status = spar_split_gather(split);
            return status == SPAR_OK ? SPAR_INPROGRESS : status;
        }
        break;
    case SPAR_SPLIT_GATHER:
        status = spar_split_progress_gather(split);
        if (status == SPAR_OK && !machine->exchange.dropped) {
            status = SPAR_INPROGRESS;
        }
        break;
    case SPAR_SPLIT_APPLY:
        status = spar_split_progress_apply(split);
        break;
    }
    return status;
}

static spar_status_t progress(spar_exchange_t *exchange)
{
    spar_split_t *split = (spar_split_t *)exchange;
    spar_machine_t *machine = &split->machine;
    spar_status_t status;

    if (!machine->busy) {
        return SPAR_ERR_INVALID;
    }
    status = progress_phase(split);
    if (status == SPAR_INPROGRESS && spar_machine_may_commit(machine)) {
        status = spar_apply_commit(machine, NULL);
        status = status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    return status == SPAR_OK ? spar_machine_end(machine) : status;
}

static const spar_exchange_ops_t split_ops = {"split", destroy, reserve,
                                              shrink,  start,   progress};

spar_status_t spar_split_create(spar_transport_t *transport, int tag,
                                spar_exchange_t **exchange_p)
{
    size_t size = (size_t)transport->size;
    spar_split_t *split;
    spar_status_t status;

    if (size > SPAR_SPLIT_MOST_RANKS) {
        return SPAR_ERR_INVALID;
    }
    split = calloc(1, sizeof(*split));
    if (split == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    status = spar_machine_init(&split->machine, &split_ops, transport, tag);
    split->parts = calloc(size, sizeof(split->parts[0]));
    split->loads = calloc(size, sizeof(split->loads[0]));
    if (status != SPAR_OK || split->parts == NULL || split->loads == NULL) {
        destroy(&split->machine.exchange);
        return SPAR_ERR_NO_MEMORY;
    }
    *exchange_p = &split->machine.exchange;
    return SPAR_OK;
}
