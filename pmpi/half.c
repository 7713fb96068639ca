#include "pmpi/half.h"

#include "pmpi/engine.h"
#include "pmpi/fresh.h"
#include "pmpi/reach.h"
#include "sparsify/narrow.h"
#include "sparsify/residual.h"

#include <stdlib.h>
#include <string.h>

size_t spar_half_tell(const spar_comm_t *comm, double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        values[2 * i] = comm->layers[i].element;
        values[2 * i + 1] = -values[2 * i];
    }
    return 2 * comm->layer_count;
}

size_t spar_half_agree(spar_comm_t *comm, const double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];
        int least = (int)values[2 * i];
        int most = (int)-values[2 * i + 1];

        if (!spar_half_is(layer)) {
            continue;
        }
        layer->element =
            least == most ? (spar_dtype_t)least : SPAR_DTYPE_BITS16;
        if (layer->element == SPAR_DTYPE_BITS16) {
            spar_layer_retire(layer, "its operation was not recognised");
        }
    }
    return 2 * comm->layer_count;
}

const char *spar_half_refusal(const spar_layer_t *layer)
{
    if (!spar_half_is(layer)) {
        return NULL;
    }
    if (layer->element == SPAR_DTYPE_BITS16) {
        return "its operation is no sum of 16-bit floats that is known";
    }
    if (spar_engine.config.mode == SPAR_MODE_LOSSLESS) {
        return "16-bit sums depend on who rounds them: left to MPI";
    }
    if (spar_engine_is_quantised()) {
        return "16-bit floats have few bits already: left to MPI";
    }
    return spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE
               ? "16 bits: only MPI sums them densely"
               : NULL;
}

bool spar_half_reserve(spar_layer_t *layer)
{
    bool beside =
        layer->select != SPAR_SELECT_NONZERO && !spar_engine_is_shadow();

    if (layer->wide == NULL) {
        layer->wide = malloc(spar_layer_bytes(layer));
    }
    return layer->wide != NULL && (!beside || spar_fresh_demand(layer));
}

void spar_half_cleanup(spar_layer_t *layer)
{
    free(layer->wide);
    layer->wide = NULL;
}

size_t spar_half_bytes(const spar_layer_t *layer)
{
    return layer->wide != NULL ? spar_layer_bytes(layer) : 0;
}

static void widen(const spar_op_t *op, uint64_t first, uint64_t count)
{
    const spar_layer_t *layer = op->layer;
    const char *gradient = spar_reach_gradient(op);

    spar_narrow_widen(layer->element,
                      gradient + first * spar_dtype_size(layer->element),
                      layer->wide + first, count);
}

void spar_half_widen(const spar_op_t *op, const spar_piece_t *piece)
{
    widen(op, piece->first, piece->count);
}

bool spar_half_deliver(const spar_op_t *op)
{
    const spar_layer_t *layer = op->layer;

    if (spar_narrow_overflows(layer->element, layer->wide, layer->count)) {
        return false;
    }
    spar_narrow_round(layer->element, layer->wide, spar_reach_result(op),
                      layer->count);
    return true;
}

/* The application's operation would round what is owed. The residual stays what
 * it is until the sum is there. */
void spar_half_begin_flush(spar_op_t *op, bool readable)
{
    spar_layer_t *layer = op->layer;

    if (readable) {
        widen(op, 0, layer->count);
        spar_residual_commit(layer->dtype, layer->wide, layer->residual, NULL,
                             0, layer->count);
    } else {
        memset(layer->wide, 0xff, spar_layer_bytes(layer)); /* NaN */
    }
    op->narrow = op->call;
    op->is_wide = true;
    op->call.sendbuf = MPI_IN_PLACE;
    op->call.recvbuf = layer->wide;
    op->call.datatype = MPI_FLOAT;
    op->call.op = MPI_SUM;
}

bool spar_half_end_flush(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    op->call = op->narrow;
    op->is_wide = false;
    if (op->code != MPI_SUCCESS || !spar_half_deliver(op)) {
        return false;
    }
    spar_reach_deliver_or_fail(op);
    memset(layer->residual, 0, spar_layer_bytes(layer));
    return true;
}

const void *spar_half_view(spar_layer_t *layer, const void *result)
{
    if (!spar_half_is(layer)) {
        return result;
    }
    spar_narrow_widen(layer->element, result, layer->wide, layer->count);
    return layer->wide;
}
