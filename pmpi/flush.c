#include "pmpi/flush.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"
#include "pmpi/reach.h"
#include "pmpi/resident.h"
#include "sparsify/residual.h"

#include <stdio.h>
#include <string.h>

/* Refusals in a row: after so many steps a loss scaler has long done what it
 * can do, and what could not be read stays so. */
#define MOST_REFUSALS 8

/* The layer has been asked for what it owes, and owes it no longer. */
static void note_asked(spar_op_t *op)
{
    op->layer->flushed_epoch = op->flush_epoch;
    op->layer->flush = false;
    op->layer->refusals = 0;
}

static void note_delivered(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    note_asked(op);
    layer->owes = false;
    if (!layer->sparse) {
        spar_layer_cleanup(layer); /* it was the last exchange */
        spar_half_cleanup(layer);
    } else if (layer->few) {
        spar_layer_make_natural(layer);
    }
}

/* Gradient and residual, wherever they are. */
static bool can_read(const spar_op_t *op)
{
    return spar_reach_fetch_all(op) && spar_resident_leave(op->layer);
}

/* The dense sum's own part is gradient + residual. */
static void take_residual(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    size_t bytes = spar_layer_bytes(layer);

    spar_residual_commit(layer->dtype, layer->residual, spar_reach_gradient(op),
                         NULL, 0, layer->count);
    memcpy(spar_reach_result(op), layer->residual, bytes);
    memset(layer->residual, 0, bytes);
    if (op->reach.result_far && op->standing == NULL) {
        spar_reach_begin_staged(op);
    } else {
        op->call.sendbuf = MPI_IN_PLACE;
    }
}

static void take_all(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    if (layer->residual != NULL) {
        take_residual(op);
    } else if (op->standing != NULL &&
               spar_reach_result(op) != spar_reach_gradient(op)) {
        memcpy(spar_reach_result(op), spar_reach_gradient(op),
               spar_layer_bytes(layer));
    }
}

/* Too late to refuse: the other ranks deliver, and this one's part is its
 * gradient alone. It asks for another flush as long as there are exchanges;
 * the report tells what is left. */
static void keep_unread(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    if (layer->owes && layer->residual != NULL) {
        layer->unread = true;
        spar_error("what a layer of %llu elements owes cannot be read from its "
                   "device, and is not delivered",
                   (unsigned long long)layer->count);
    }
}

/* A float32 sum in place of one of 16 bits needs room on every rank, and the
 * operation that was agreed on. What the plan wants flushed can wait until it
 * is in the gradients' unit; MPI_Pcontrol may have asked in the last step. */
bool spar_flush_waits(const spar_op_t *op, uint32_t flags)
{
    uint32_t reasons = SPAR_WIRE_NONFINITE | SPAR_WIRE_PAUSED |
                       SPAR_WIRE_UNREAD |
                       (op->layer->flush ? SPAR_WIRE_JUMP : 0) |
                       (spar_half_is(op->layer) ? SPAR_WIRE_NO_MEMORY : 0);

    return (flags & reasons) != 0;
}

bool spar_flush_begin(spar_op_t *op)
{
    bool ok = true;

    if (spar_engine_is_shadow()) {
        spar_shadow_flush(op->layer);
    } else if (spar_half_is(op->layer)) {
        spar_half_begin_flush(op, can_read(op));
        return true; /* nothing is delivered yet */
    } else if (!can_read(op)) {
        keep_unread(op);
        ok = false;
    } else {
        take_all(op);
        op->layer->unread = false;
    }
    note_delivered(op);
    return ok;
}

/* It owes on, if it is exchanged on. */
static void give_up(spar_op_t *op, const char *cause)
{
    spar_layer_t *layer = op->layer;

    note_asked(op);
    layer->few = false;
    layer->unread = false;
    op->comm->undelivered++;
    if (spar_engine.rank == 0) {
        spar_warn("what a layer of %llu elements owes could not be delivered "
                  "in %d calls: %s",
                  (unsigned long long)layer->count, MOST_REFUSALS, cause);
    }
    if (!layer->sparse) {
        spar_layer_retire(layer, "it became dense");
    }
}

static void refuse(spar_op_t *op, const char *cause)
{
    op->layer->refusals++;
    if (op->layer->refusals >= MOST_REFUSALS) {
        give_up(op, cause);
    }
}

static void refuse_sum(spar_op_t *op)
{
    char cause[64];

    snprintf(cause, sizeof(cause), "the sum does not fit %s",
             spar_dtype_name(op->layer->element));
    op->comm->nonfinite_calls++;
    refuse(op, cause);
}

/* Only what may last: non-finite gradients and pauses are the application's
 * business, and nobody misses what a shadow owes. */
void spar_flush_postpone(spar_op_t *op, uint32_t flags)
{
    uint32_t lasting =
        SPAR_WIRE_UNREAD | (spar_half_is(op->layer) ? SPAR_WIRE_NO_MEMORY : 0);

    if ((flags & lasting) != 0 && (flags & SPAR_WIRE_PAUSED) == 0 &&
        !spar_engine_is_shadow()) {
        refuse(op, "a rank cannot read its part, or has no memory for it");
    }
}

bool spar_flush_end(spar_op_t *op)
{
    if (spar_half_end_flush(op)) {
        note_delivered(op);
    } else if (op->code == MPI_SUCCESS) {
        refuse_sum(op);
        return false;
    }
    return true;
}
