#include "pmpi/cost.h"

#include "pmpi/standing.h"

/* The layer, if the plan is still the one of the call. */
static spar_layer_t *layer_of(const spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    if (op->standing != NULL) {
        return &op->standing->layer;
    }
    if (op->plan != comm->plan || op->place.slot < 0 ||
        (size_t)op->place.slot >= comm->layer_count) {
        return NULL;
    }
    return &comm->layers[op->place.slot];
}

void spar_cost_note(const spar_op_t *op)
{
    bool blocking = op->kind == SPAR_OP_BLOCKING;
    double cost = op->waited + (blocking ? 0 : op->post_seconds);
    spar_layer_t *layer = layer_of(op);

    spar_sequence_end(op->comm->sequence, op->ticket,
                      blocking ? op->completed : op->posted + op->post_seconds,
                      cost);
    spar_tracing_end(op, cost);
    if (layer == NULL) {
        return;
    }
    spar_timeline_note(op, &layer->timing);
    layer->ended++;
    layer->waited_sum += op->waited;
    layer->span_sum += op->completed - op->posted;
    layer->depth_sum += op->depth;
    if (op->depth > layer->depth_most) {
        layer->depth_most = op->depth;
    }
    if (op->method < SPAR_METHODS) {
        spar_samples_add(&layer->samples[op->method], cost);
    }
    if (op->was_sparse) {
        layer->sparse_sum += cost;
        layer->sparse_ended++;
    }
}

void spar_cost_bytes(spar_op_t *op, uint64_t bytes)
{
    op->comm->bytes_sent += bytes;
    op->bytes += bytes;
    if (op->layer != NULL) {
        op->layer->bytes_sent += bytes;
    }
}
