#include "pmpi/periodic_call.h"

#include "pmpi/cost.h"
#include "pmpi/engine.h"
#include "sparsify/scale.h"

#include <string.h>

/* Headers go without entries. */
static const spar_selection_t empty_f32 = {.dtype = SPAR_DTYPE_F32,
                                           .travels = SPAR_VALUES_F32};
static const spar_selection_t empty_f64 = {.dtype = SPAR_DTYPE_F64,
                                           .travels = SPAR_VALUES_F64};

static const spar_selection_t *empty_of(const spar_layer_t *layer)
{
    return layer->dtype == SPAR_DTYPE_F64 ? &empty_f64 : &empty_f32;
}

bool spar_periodic_call_takes(const spar_op_t *op)
{
    /* Whether a gradient that is made up for is finite everywhere has to be
     * known before it is summed. */
    return op->layer != NULL &&
           (op->layer->periodic.makes_up ||
            (op->layer->periodic.on && (op->layer->periodic.carries ||
                                        !op->comm->periodic.control.averages)));
}

static bool has_carry(spar_layer_t *layer)
{
    return !layer->periodic.carries || spar_periodic_layer_reserve(layer);
}

static uint32_t flags_of(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    uint32_t flags = 0;

    if (op->paused) {
        flags |= SPAR_WIRE_PAUSED;
    }
    if (layer->flushed_epoch < op->flush_epoch) {
        flags |= SPAR_WIRE_FLUSH;
    }
    if (op->reach.gradient_far || op->reach.result_far || !has_carry(layer)) {
        flags |= SPAR_WIRE_NO_MEMORY;
    } else if (!spar_scale_fits(layer->dtype, spar_op_gradient(op),
                                layer->periodic.carry, op->comm->size,
                                layer->count)) {
        flags |= SPAR_WIRE_NONFINITE;
    }
    return flags;
}

spar_status_t spar_periodic_call_start(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_exchange_t *exchange = op->lane->machines[SPAR_METHOD_ALLGATHER];
    spar_values_t values = spar_values_native(layer->dtype);
    spar_exchange_size_t size = {
        .dtype = layer->dtype, .values = values, .count = layer->piece.count};
    spar_exchange_call_t call = {.header = {.slot = op->wire_slot,
                                            .plan = op->plan,
                                            .step = layer->exchanges++,
                                            .values = values,
                                            .dtype = layer->dtype,
                                            .count = size.count,
                                            .flags = flags_of(op)},
                                 .selection = empty_of(layer)};

    op->settles = false;
    op->cause = exchange->cause;
    op->lane->exchange = exchange;
    if (spar_exchange_reserve(exchange, &size) != SPAR_OK) {
        call.header.flags |= SPAR_WIRE_NO_MEMORY;
    }
    return spar_exchange_start(exchange, &call);
}

spar_status_t spar_periodic_call_progress(spar_op_t *op, bool *moved_p)
{
    spar_exchange_t *exchange = op->lane->exchange;
    uint64_t moves = exchange->moves;
    spar_status_t status = spar_exchange_progress(exchange);

    if (status == SPAR_INPROGRESS && exchange->agreed && !exchange->dropped) {
        spar_exchange_settle(exchange, false); /* there is no result */
    }
    *moved_p = status != SPAR_INPROGRESS || exchange->moves != moves;
    return status;
}

/* The application gets what it would if all ranks had the same. */
static void skip(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_periodic_layer_t *periodic = &layer->periodic;
    const void *values = spar_op_gradient(op);

    if (periodic->carries) {
        const void *skipped = spar_periodic_layer_change(layer);

        spar_average_look_at_input(&periodic->average, values, 0);
        spar_scale_join(layer->dtype, values, skipped, periodic->carry,
                        layer->count);
        periodic->is_owing = true;
    } else {
        spar_average_look_at_input(&periodic->average, values, op->comm->size);
    }
    spar_scale_deliver(layer->dtype, values, op->comm->size, op->call.recvbuf,
                       layer->count);
    if (!periodic->carries) {
        spar_average_look_at_sum(&periodic->average, op->call.recvbuf);
    }
}

/* The dense call's own part is gradient + what was skipped. When it comes back
 * the step may have ended, and been undone. */
static void make_up(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_periodic_layer_t *periodic = &layer->periodic;
    const void *values = spar_op_gradient(op);
    const void *skipped = spar_periodic_layer_change(layer);

    if (skipped != periodic->carry) {
        memcpy(periodic->carry, skipped, spar_layer_bytes(layer));
    }
    periodic->made_up = periodic->carry;
    periodic->is_owing = false;
    spar_average_look_at_input(&periodic->average, values, 0);
    spar_scale_join(layer->dtype, values, periodic->carry, op->call.recvbuf,
                    layer->count);
    op->call.sendbuf = MPI_IN_PLACE;
    op->settles = true;
    spar_average_take_input(&periodic->average, op->call.recvbuf);
}

void spar_periodic_call_settle(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    spar_average_look_at_sum(&layer->periodic.average, op->call.recvbuf);
    spar_scale_settle(layer->dtype, op->call.recvbuf, layer->periodic.made_up,
                      op->comm->size, layer->count);
    layer->periodic.made_up = NULL;
    op->settles = false;
}

/* All ranks get the mean, unless gradients are to wait. */
static void sum_now(spar_op_t *op, uint32_t flags)
{
    spar_layer_t *layer = op->layer;
    bool waits = layer->periodic.carries && (flags & ~SPAR_WIRE_FLUSH) != 0;

    op->comm->nonfinite_calls += (flags & SPAR_WIRE_NONFINITE) != 0;
    spar_periodic_note_sum(op, !waits);
    if (waits) {
        return;
    }
    if ((flags & SPAR_WIRE_NONFINITE) == 0) {
        layer->flushed_epoch = op->flush_epoch;
    }
    if (layer->periodic.carries) {
        make_up(op);
    } else if (!op->reach.gradient_far) {
        spar_average_look_at_input(&layer->periodic.average,
                                   spar_op_gradient(op), op->comm->size);
    }
}

bool spar_periodic_call_conclude(spar_op_t *op)
{
    spar_periodic_comm_t *periodic = &op->comm->periodic;
    uint32_t flags = op->lane->exchange->flags;

    spar_cost_bytes(op, op->lane->exchange->bytes_sent);
    periodic->flags |= flags;
    if (flags == 0 && op->layer->periodic.on && !periodic->control.averages) {
        skip(op);
        return true;
    }
    sum_now(op, flags);
    return false;
}
