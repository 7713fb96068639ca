#include "pmpi/sparse.h"

#include "base/clock.h"
#include "pmpi/cost.h"
#include "policy/density.h"
#include "sparsify/residual.h"

#include <stdlib.h>
#include <string.h>

/* The report's residual share looks at one exchange in so many. */
#define NORM_EXCHANGES 16

uint64_t spar_sparse_most_entries(const spar_layer_t *layer, double density)
{
    bool exact = layer->selector.kind == SPAR_SELECT_EXACT ||
                 layer->selector.kind == SPAR_SELECT_TOPK;

    return exact ? spar_density_entries(density, layer->count) : layer->count;
}

/* Everything that can fail on this rank alone; the flags tell the others. */
static uint32_t prepare(spar_op_t *op)
{
    spar_lane_t *lane = op->lane;
    spar_layer_t *layer = op->layer;
    uint64_t k = spar_density_entries(op->density, layer->count);

    if (layer->selector.kind != SPAR_SELECT_NONZERO &&
        layer->residual == NULL) {
        layer->residual = calloc(layer->count, spar_dtype_size(layer->dtype));
        if (layer->residual == NULL) {
            return SPAR_WIRE_NO_MEMORY;
        }
    }
    if (spar_selector_run(&layer->selector, spar_op_gradient(op),
                          layer->residual, k, &lane->selection) != SPAR_OK) {
        return SPAR_WIRE_NO_MEMORY;
    }
    if (lane->selection.nonfinite) {
        return SPAR_WIRE_NONFINITE;
    }
    spar_selection_round(&lane->selection, layer->values, 0);
    return 0;
}

/* Requests of this rank that hold for all if one rank makes them. */
static uint32_t requests(const spar_op_t *op)
{
    uint32_t flags = op->flags;

    if (op->paused) {
        flags |= SPAR_WIRE_PAUSED;
    }
    if (op->layer->selector.kind != SPAR_SELECT_NONZERO &&
        (op->layer->flush || op->layer->flushed_epoch < op->flush_epoch)) {
        flags |= SPAR_WIRE_FLUSH;
    }
    return flags;
}

/* Entries for which every rank has room on the call's lane. */
static uint64_t *room_of(const spar_op_t *op)
{
    return &op->layer->room[op->lane->number][op->method];
}

spar_status_t spar_sparse_start(spar_op_t *op, uint32_t slot)
{
    spar_lane_t *lane = op->lane;
    spar_layer_t *layer = op->layer;
    spar_exchange_size_t size = {
        .dtype = layer->dtype,
        .values = layer->values,
        .count = layer->count,
        .entries = spar_sparse_most_entries(layer, op->density)};
    spar_exchange_call_t call = {.header = {.slot = slot,
                                            .plan = op->plan,
                                            .step = layer->exchanges++,
                                            .values = layer->values,
                                            .dtype = layer->dtype,
                                            .count = layer->count},
                                 .selection = &lane->selection,
                                 .gradient = spar_op_gradient(op),
                                 .out = op->call.recvbuf,
                                 .apply = true};
    double begin = spar_clock_now();

    lane->exchange = lane->machines[op->method];
    call.eager = *room_of(op) >= size.entries;
    call.header.flags = requests(op);
    /* With flags, too, the others' entries may come. */
    if (spar_exchange_reserve(lane->exchange, &size) != SPAR_OK) {
        call.header.flags |= SPAR_WIRE_NO_MEMORY;
    }
    if ((call.header.flags & (SPAR_WIRE_PAUSED | SPAR_WIRE_NO_MEMORY)) == 0) {
        call.header.flags |= prepare(op);
        layer->select_sum += spar_clock_now() - begin;
    }
    call.residual = layer->residual;
    return spar_exchange_start(lane->exchange, &call);
}

spar_status_t spar_sparse_progress(spar_op_t *op, bool *moved_p)
{
    spar_exchange_t *exchange = op->lane->exchange;
    uint64_t moves = exchange->moves;
    spar_status_t status = spar_exchange_progress(exchange);

    *moved_p = status != SPAR_INPROGRESS || exchange->moves != moves;
    return status;
}

bool spar_sparse_has_agreed(const spar_op_t *op)
{
    return op->lane->exchange->agreed;
}

const char *spar_sparse_cause(const spar_op_t *op)
{
    return op->lane->exchange->cause;
}

/* Nothing is owed afterwards. */
void spar_sparse_flush(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_allreduce_call_t *call = &op->call;
    size_t bytes = spar_layer_bytes(layer);

    if (layer->residual != NULL) {
        spar_residual_commit(layer->dtype, layer->residual,
                             spar_op_gradient(op), NULL, 0, layer->count);
        memcpy(call->recvbuf, layer->residual, bytes);
        memset(layer->residual, 0, bytes);
        call->sendbuf = MPI_IN_PLACE;
    } else if (op->standing != NULL && call->sendbuf != MPI_IN_PLACE) {
        memcpy(call->recvbuf, call->sendbuf, bytes);
    }
    layer->flushed_epoch = op->flush_epoch;
    layer->owes = false;
    layer->flush = false;
    if (!layer->sparse) {
        spar_layer_cleanup(layer); /* it was the last exchange */
    }
}

static double norm2_of(const spar_selection_t *selection)
{
    double sum = 0;

    for (size_t i = 0; i < selection->count; i++) {
        double value = selection->dtype == SPAR_DTYPE_F64
                           ? ((const double *)selection->values)[i]
                           : ((const float *)selection->values)[i];

        sum += value * value;
    }
    return sum;
}

bool spar_sparse_conclude(spar_op_t *op)
{
    const spar_lane_t *lane = op->lane;
    spar_layer_t *layer = op->layer;
    uint32_t flags = lane->exchange->flags;

    spar_cost_bytes(op, lane->exchange->bytes_sent);
    if (flags == 0) {
        uint64_t entries = spar_sparse_most_entries(layer, op->density);

        if (*room_of(op) < entries) {
            *room_of(op) = entries;
        }
        layer->owes = layer->residual != NULL;
        layer->entries_sent += lane->exchange->entries_sent;
        layer->sparse_calls++;
        op->was_sparse = true;
        if (layer->exchanges % NORM_EXCHANGES == 1) {
            layer->sent_norm2 = norm2_of(&lane->selection);
        }
        return true;
    }
    op->method = SPAR_METHODS; /* what it takes now tells nothing */
    /* Non-finite, out of memory, or paused: as if Spar were not there. */
    if ((flags & SPAR_WIRE_NONFINITE) != 0) {
        op->comm->nonfinite_calls++;
    }
    if (flags == SPAR_WIRE_FLUSH && op->standing == NULL) {
        spar_sparse_flush(op);
    }
    return false;
}
