#include "pmpi/flush.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"
#include "sparsify/residual.h"

#include <string.h>

/* Refusals in a row: after so many steps a loss scaler has long done what it
 * can do. */
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

void spar_flush_begin(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_allreduce_call_t *call = &op->call;
    size_t bytes = spar_layer_bytes(layer);

    if (spar_engine_is_shadow()) {
        spar_shadow_flush(layer);
    } else if (spar_half_is(layer)) {
        spar_half_begin_flush(op);
        return; /* nothing is delivered yet */
    } else if (layer->residual != NULL) {
        spar_residual_commit(layer->dtype, layer->residual,
                             spar_op_gradient(op), NULL, 0, layer->count);
        memcpy(call->recvbuf, layer->residual, bytes);
        memset(layer->residual, 0, bytes);
        call->sendbuf = MPI_IN_PLACE;
    } else if (op->standing != NULL && call->sendbuf != MPI_IN_PLACE) {
        memcpy(call->recvbuf, call->sendbuf, bytes);
    }
    note_delivered(op);
}

/* It owes on, if it is exchanged on. */
static void give_up(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    note_asked(op);
    layer->few = false;
    op->comm->undelivered++;
    if (spar_engine.rank == 0) {
        spar_warn("what a layer of %llu elements owes could not be delivered "
                  "in %d calls: the sum does not fit %s",
                  (unsigned long long)layer->count, MOST_REFUSALS,
                  spar_dtype_name(layer->element));
    }
    if (!layer->sparse) {
        spar_layer_retire(layer, "it became dense");
    }
}

static void refuse(spar_op_t *op)
{
    op->comm->nonfinite_calls++;
    op->layer->refusals++;
    if (op->layer->refusals >= MOST_REFUSALS) {
        give_up(op);
    }
}

bool spar_flush_end(spar_op_t *op)
{
    bool fits = spar_half_end_flush(op);

    if (op->code != MPI_SUCCESS) {
        return true;
    }
    if (fits) {
        note_delivered(op);
    } else {
        refuse(op);
    }
    return fits;
}
