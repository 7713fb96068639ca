#include "exchange/doubling.h"

#include "exchange/agreement.h"
#include "exchange/apply.h"
#include "exchange/block.h"

#include <stdlib.h>

/* What a rank does in one step; peer -1: nothing. */
typedef struct step {
    int peer;
    bool sends;
    bool receives;
    bool raw; /* what is received is the entries of one rank */
} step_t;

/* The buffers of a step. */
enum {
    OUTGOING,
    INCOMING,
    BUFFERS
};

typedef struct doubling {
    spar_machine_t machine;
    spar_agreement_t agreement;
    spar_partial_t partial;
    spar_selection_t nothing; /* an empty list */
    spar_blocks_t blocks;
    int power;  /* the largest power of two that is at most P */
    int rounds; /* its logarithm */
    int number; /* of the present step: 0 folds, rounds + 1 unfolds */
    bool posted;
    bool taken;   /* what the step receives is in the sum */
    bool merged;  /* more than this rank's own entries are in the sum */
    bool applied; /* the sum is in `out` */
} doubling_t;

static void shrink(spar_exchange_t *exchange)
{
    doubling_t *doubling = (doubling_t *)exchange;

    spar_partial_cleanup(&doubling->partial);
    spar_blocks_cleanup(&doubling->blocks);
}

static void destroy(spar_exchange_t *exchange)
{
    doubling_t *doubling = (doubling_t *)exchange;

    if (spar_machine_release(&doubling->machine)) {
        shrink(exchange);
        free(doubling);
    }
}

static spar_status_t reserve(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size)
{
    doubling_t *doubling = (doubling_t *)exchange;
    uint64_t ranks = (uint64_t)exchange->transport->size;
    uint64_t most;
    spar_status_t status;

    if (__builtin_mul_overflow(size->entries, ranks, &most)) {
        most = size->count;
    }
    status = spar_partial_reserve(&doubling->partial, size->dtype, size->count,
                                  most);
    if (status == SPAR_OK) {
        status = spar_blocks_reserve(
            &doubling->blocks, BUFFERS,
            spar_partial_bound(size->dtype, size->count, most));
    }
    doubling->machine.room =
        status == SPAR_OK ? *size : (spar_exchange_size_t){.count = 0};
    exchange->memory =
        doubling->blocks.capacity + spar_partial_memory(&doubling->partial);
    return status;
}

/* The first 2 (P - power) ranks are pairs, of which the odd one takes part in
 * the rounds. */
static step_t step_of(const doubling_t *doubling, int number)
{
    const spar_transport_t *transport = doubling->machine.exchange.transport;
    int rank = transport->rank;
    int pairs = transport->size - doubling->power;
    bool paired = rank < 2 * pairs;
    bool folded = paired && rank % 2 == 0;
    int place = paired ? rank / 2 : rank - pairs;
    int partner;

    if (number == 0 || number > doubling->rounds) {
        bool receives = folded == (number > 0);

        return paired ? (step_t){rank ^ 1, !receives, receives, number == 0}
                      : (step_t){.peer = -1};
    }
    if (folded) {
        return (step_t){.peer = -1};
    }
    partner = place ^ (1 << (number - 1));
    return partner < pairs ? (step_t){2 * partner + 1, true, true, false}
                           : (step_t){partner + pairs, true, true, number == 1};
}

/* Writes the present sum, or what flags leave of it, as a message. */
static spar_status_t write_block(doubling_t *doubling, size_t *bytes_p)
{
    const spar_exchange_t *exchange = &doubling->machine.exchange;
    const spar_exchange_call_t *call = &exchange->call;
    spar_wire_header_t header = call->header;
    unsigned char *block = spar_blocks_at(&doubling->blocks, OUTGOING);
    size_t room = spar_blocks_room(&doubling->blocks);
    spar_status_t status = SPAR_OK;

    header.flags = exchange->flags;
    if (doubling->merged) {
        header.values = spar_values_native(header.dtype);
    }
    if (header.flags == 0 && doubling->merged) {
        status = spar_partial_encode(&doubling->partial,
                                     spar_block_payload(block), room, &header);
    } else if (header.flags == 0) {
        status = spar_wire_encode(call->selection, 0, call->selection->count, 0,
                                  header.span, spar_block_payload(block), room,
                                  &header);
    }
    spar_wire_header_pack(&header, block);
    *bytes_p = SPAR_WIRE_HEADER_BYTES + header.payload_bytes;
    return status;
}

static spar_status_t post(doubling_t *doubling)
{
    spar_machine_t *machine = &doubling->machine;
    step_t step = step_of(doubling, doubling->number);
    int tag = machine->exchange.tag + 1;
    spar_status_t status = SPAR_OK;
    size_t bytes;

    doubling->posted = true;
    doubling->taken = !step.receives;
    if (step.receives) {
        status = spar_machine_receive(
            machine, step.peer, tag,
            spar_blocks_at(&doubling->blocks, INCOMING), doubling->blocks.each);
    }
    if (status != SPAR_OK || !step.sends) {
        return status;
    }
    status = write_block(doubling, &bytes);
    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status,
                                 machine->exchange.transport->rank,
                                 "its entries do not fit");
    }
    return spar_machine_send(machine, step.peer, tag,
                             spar_blocks_at(&doubling->blocks, OUTGOING),
                             bytes);
}

/* Adds what a step has received. */
static spar_status_t take(doubling_t *doubling, const step_t *step)
{
    spar_machine_t *machine = &doubling->machine;
    spar_exchange_t *exchange = &machine->exchange;
    spar_wire_header_t expected = exchange->call.header;
    unsigned char *block = spar_blocks_at(&doubling->blocks, INCOMING);
    size_t received = machine->receives[step->peer].bytes;
    const char *cause = NULL;
    spar_wire_header_t header;
    spar_status_t status;

    /* A sum travels with native values, and so do the flags of several. */
    if (!step->raw) {
        expected.values = spar_values_native(expected.dtype);
    }
    status = spar_block_read(block, received, &expected, &header, &cause);
    if (status == SPAR_OK && !spar_block_is_whole(&header, received)) {
        cause = "sent more or fewer bytes than it says";
        status = SPAR_ERR_WIRE;
    }
    if (status == SPAR_OK) {
        exchange->flags |= header.flags;
        exchange->moves++;
        doubling->taken = true;
        doubling->merged = true;
    }
    if (status == SPAR_OK && exchange->flags == 0) {
        if (doubling->number > doubling->rounds) {
            /* The sum of all, this rank's entries included. */
            doubling->nothing.dtype = header.dtype;
            spar_partial_begin(&doubling->partial, header.dtype, header.span,
                               &doubling->nothing);
        }
        status = spar_partial_add(&doubling->partial, &header,
                                  spar_block_payload(block), &cause);
    }
    return status == SPAR_OK
               ? SPAR_OK
               : spar_machine_fail(machine, status, step->peer, cause);
}

static spar_status_t progress_step(doubling_t *doubling)
{
    spar_machine_t *machine = &doubling->machine;
    step_t step = step_of(doubling, doubling->number);
    spar_status_t status = SPAR_OK;

    if (!doubling->posted) {
        status = post(doubling);
    }
    if (status == SPAR_OK && !doubling->taken) {
        status = spar_machine_received(machine, step.peer);
        if (status == SPAR_OK) {
            status = take(doubling, &step);
        }
    }
    if (status == SPAR_OK && step.sends) {
        status = spar_machine_sent(machine, step.peer);
    }
    if (status == SPAR_OK) {
        doubling->number++;
        doubling->posted = false;
    }
    return status;
}

/* SPAR_OK: the sum of all ranks, or their flags, are there. */
static spar_status_t progress_steps(doubling_t *doubling)
{
    spar_exchange_t *exchange = &doubling->machine.exchange;
    spar_status_t status = SPAR_OK;

    while (status == SPAR_OK && doubling->number <= doubling->rounds + 1) {
        if (doubling->number > doubling->rounds &&
            !step_of(doubling, doubling->number).receives) {
            exchange->agreed = true;
        }
        status = progress_step(doubling);
    }
    exchange->agreed |= status == SPAR_OK;
    return status;
}

static spar_status_t progress_sum(doubling_t *doubling)
{
    spar_machine_t *machine = &doubling->machine;
    spar_status_t status = SPAR_OK;

    if (spar_apply_begins_again(machine)) {
        doubling->applied = false;
    }
    if (!doubling->applied) {
        status = spar_apply_partial(machine, &doubling->partial);
        doubling->applied = status == SPAR_OK;
    }
    return status == SPAR_OK ? spar_apply_finish(machine) : status;
}

static spar_status_t progress(spar_exchange_t *exchange)
{
    doubling_t *doubling = (doubling_t *)exchange;
    spar_machine_t *machine = &doubling->machine;
    spar_status_t status = SPAR_OK;

    if (!machine->busy) {
        return SPAR_ERR_INVALID;
    }
    if (!exchange->call.eager && !exchange->agreed) {
        status = spar_agreement_progress(&doubling->agreement, machine);
    }
    if (status == SPAR_OK && (exchange->call.eager || exchange->flags == 0)) {
        status = progress_steps(doubling);
    }
    if (status < 0) {
        return status;
    }
    if (spar_machine_may_commit(machine)) {
        status = spar_apply_commit(machine, exchange->call.selection);
        return status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    if (status == SPAR_OK && spar_machine_may_apply(machine)) {
        status = progress_sum(doubling);
    } else if (status == SPAR_OK && !spar_machine_is_over(machine)) {
        status = SPAR_INPROGRESS;
    }
    return status == SPAR_OK ? spar_machine_end(machine) : status;
}

static spar_status_t start(spar_exchange_t *exchange)
{
    doubling_t *doubling = (doubling_t *)exchange;
    const spar_exchange_call_t *call = &exchange->call;
    spar_status_t status;

    doubling->number = 0;
    doubling->posted = false;
    doubling->merged = false;
    doubling->applied = false;
    if (call->header.flags == 0) {
        spar_partial_begin(&doubling->partial, call->header.dtype,
                           call->header.span, call->selection);
        exchange->entries_sent = call->selection->count;
    }
    spar_agreement_start(&doubling->agreement);
    status = call->eager ? post(doubling)
                         : spar_agreement_progress(&doubling->agreement,
                                                   &doubling->machine);
    return status < 0 ? status : SPAR_OK;
}

static const spar_exchange_ops_t doubling_ops = {"doubling", destroy, reserve,
                                                 shrink,     start,   progress};

spar_status_t spar_doubling_create(spar_transport_t *transport, int tag,
                                   spar_exchange_t **exchange_p)
{
    doubling_t *doubling = calloc(1, sizeof(*doubling));

    if (doubling == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    spar_partial_init(&doubling->partial);
    if (spar_machine_init(&doubling->machine, &doubling_ops, transport, tag) !=
        SPAR_OK) {
        destroy(&doubling->machine.exchange);
        return SPAR_ERR_NO_MEMORY;
    }
    doubling->power = 1;
    while (doubling->power <= transport->size / 2) {
        doubling->power *= 2;
        doubling->rounds++;
    }
    *exchange_p = &doubling->machine.exchange;
    return SPAR_OK;
}
