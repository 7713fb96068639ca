#include "exchange/apply.h"

#include "sparsify/residual.h"
#include "sparsify/wire_block.h"

#include <string.h>

/* Elements that are committed between two looks at the network: a few tens of
 * microseconds, so that transfers do not wait for local work. */
#define COMMIT_PIECE (128u * 1024u)

spar_status_t spar_apply_reserve(spar_machine_t *machine,
                                 const spar_exchange_size_t *size,
                                 uint64_t entries)
{
    spar_status_t status = SPAR_OK;

    if (size->targeted) {
        status =
            spar_selection_reserve(&machine->decoded, size->dtype, entries);
    }
    machine->room = *size;
    machine->room.targeted = size->targeted && status == SPAR_OK;
    return status;
}

void spar_apply_shrink(spar_machine_t *machine)
{
    spar_selection_cleanup(&machine->decoded);
}

size_t spar_apply_memory(const spar_machine_t *machine)
{
    return spar_selection_memory(&machine->decoded);
}

/* Of a target: what it could not do, arrays of the host have to. */
static spar_status_t check(spar_machine_t *machine, spar_status_t status)
{
    spar_exchange_call_t *call = &machine->exchange.call;

    if (status >= 0) {
        return status;
    }
    if (call->target->ops->give_up(call->target, call) != SPAR_OK) {
        return spar_machine_fail(machine, status,
                                 machine->exchange.transport->rank,
                                 "its device cannot apply the result");
    }
    call->target = NULL;
    machine->committed = 0;
    machine->again = true;
    machine->exchange.moves++;
    return SPAR_INPROGRESS;
}

bool spar_apply_begins_again(spar_machine_t *machine)
{
    bool again = machine->again;

    machine->again = false;
    return again;
}

/* What a target still does takes microseconds: nobody is to sleep for it. */
spar_status_t spar_apply_finish(spar_machine_t *machine)
{
    spar_target_t *target = machine->exchange.call.target;
    spar_status_t status;

    if (target == NULL || machine->finished) {
        return SPAR_OK;
    }
    machine->exchange.moves++;
    status = check(machine, target->ops->finish(target));
    machine->finished = status == SPAR_OK;
    return status;
}

static void commit_piece(const spar_exchange_call_t *call, uint64_t begin,
                         uint64_t end)
{
    spar_dtype_t dtype = call->header.dtype;
    size_t size = spar_dtype_size(dtype);

    if (call->residual != NULL && call->gradient != NULL) {
        spar_residual_commit(dtype, call->residual, call->gradient, call->out,
                             begin, end);
    } else if (call->residual != NULL) {
        spar_residual_clear_out(dtype, call->out, begin, end);
    } else {
        memset((char *)call->out + begin * size, 0, (end - begin) * size);
    }
}

spar_status_t spar_apply_commit(spar_machine_t *machine,
                                const spar_selection_t *delivered)
{
    const spar_exchange_call_t *call = &machine->exchange.call;
    uint64_t count = call->header.count;
    uint64_t begin = machine->committed;
    uint64_t end = count - begin > COMMIT_PIECE ? begin + COMMIT_PIECE : count;
    spar_status_t status;

    if (call->target != NULL) {
        end = count;
        status = check(machine, call->target->ops->commit(call->target));
        if (status != SPAR_OK) {
            return status;
        }
    } else {
        commit_piece(call, begin, end);
    }
    machine->committed = end;
    machine->exchange.moves++;
    return end == count && delivered != NULL
               ? spar_apply_settle(machine, delivered)
               : SPAR_OK;
}

spar_status_t spar_apply_settle(spar_machine_t *machine,
                                const spar_selection_t *delivered)
{
    const spar_exchange_call_t *call = &machine->exchange.call;

    if (call->residual == NULL) {
        return SPAR_OK;
    }
    if (call->target != NULL) {
        return check(machine,
                     call->target->ops->settle(call->target, delivered));
    }
    spar_residual_settle(call->residual, delivered);
    return SPAR_OK;
}

/* Every element of the region, as it is. */
static bool is_plain(const spar_wire_header_t *header)
{
    return header->coding == SPAR_WIRE_ALL &&
           header->values == spar_values_native(header->dtype);
}

static spar_status_t add_plain(spar_machine_t *machine, int rank,
                               const spar_wire_header_t *header,
                               const void *payload)
{
    spar_target_t *target = machine->exchange.call.target;
    const char *cause = NULL;
    spar_wire_block_t block;
    spar_status_t status = spar_wire_block_open(
        header, payload, header->payload_bytes, &block, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, rank, cause);
    }
    return check(machine, target->ops->add_all(target, header->first,
                                               block.values, header->selected));
}

spar_status_t spar_apply_entries(spar_machine_t *machine, uint64_t first,
                                 const spar_selection_t *entries)
{
    spar_target_t *target = machine->exchange.call.target;

    return check(machine, target->ops->add(target, first, entries));
}

static spar_status_t add_entries(spar_machine_t *machine, int rank,
                                 const spar_wire_header_t *header,
                                 const void *payload)
{
    const char *cause = NULL;
    spar_status_t status = spar_wire_decode(
        header, payload, header->payload_bytes, &machine->decoded, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, rank, cause);
    }
    return spar_apply_entries(machine, header->first, &machine->decoded);
}

spar_status_t spar_apply_block(spar_machine_t *machine, int rank,
                               const spar_wire_header_t *header,
                               const void *payload)
{
    const spar_exchange_call_t *call = &machine->exchange.call;
    const char *cause = NULL;
    spar_status_t status;

    if (call->target != NULL) {
        return is_plain(header) ? add_plain(machine, rank, header, payload)
                                : add_entries(machine, rank, header, payload);
    }
    status = spar_wire_add(header, payload, header->payload_bytes,
                           (unsigned char *)call->out +
                               header->first * spar_dtype_size(header->dtype),
                           &cause);
    return status == SPAR_OK ? SPAR_OK
                             : spar_machine_fail(machine, status, rank, cause);
}

spar_status_t spar_apply_partial(spar_machine_t *machine,
                                 const spar_partial_t *partial)
{
    const spar_exchange_call_t *call = &machine->exchange.call;
    spar_target_t *target = call->target;

    if (target == NULL) {
        spar_partial_write(partial, call->out);
        return SPAR_OK;
    }
    return partial->list != NULL
               ? spar_apply_entries(machine, 0, partial->list)
               : check(machine, target->ops->add_all(target, 0, partial->dense,
                                                     partial->span));
}
