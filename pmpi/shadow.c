#include "pmpi/shadow.h"

#include "base/clock.h"
#include "pmpi/guards.h"
#include "pmpi/half.h"
#include "pmpi/reach.h"
#include "sparsify/likeness.h"

#include <stdlib.h>
#include <string.h>

bool spar_shadow_reserve(spar_layer_t *layer)
{
    if (layer->shadow.out == NULL) {
        layer->shadow.out = malloc(spar_layer_bytes(layer));
    }
    return layer->shadow.out != NULL;
}

static void enter(spar_shadow_busy_t *busy, double now)
{
    if (busy->under_way++ == 0) {
        busy->since = now;
    }
}

static void leave(spar_shadow_busy_t *busy, double now)
{
    if (--busy->under_way == 0) {
        busy->sum += now - busy->since;
    }
}

static bool overlaps(const spar_op_t *op)
{
    return op->kind == SPAR_OP_REQUEST;
}

void spar_shadow_begin_sparse(spar_op_t *op)
{
    op->layer->shadow.begun = spar_clock_now();
    if (overlaps(op)) {
        enter(&op->comm->overlap.sparse, op->layer->shadow.begun);
    }
}

/* Seconds that it took. */
static double leave_sparse(spar_op_t *op)
{
    double now = spar_clock_now();

    if (overlaps(op)) {
        leave(&op->comm->overlap.sparse, now);
    }
    return now - op->layer->shadow.begun;
}

void spar_shadow_drop_sparse(spar_op_t *op)
{
    (void)leave_sparse(op);
}

void spar_shadow_end_sparse(spar_op_t *op, uint64_t bytes, bool sampled)
{
    spar_layer_t *layer = op->layer;
    spar_shadow_t *shadow = &layer->shadow;
    double seconds = leave_sparse(op);

    shadow->running = true;
    shadow->is_sampled = sampled;
    shadow->calls++;
    shadow->bytes += bytes;
    shadow->sparse_sum += seconds;
    spar_samples_add(&layer->samples[op->method], seconds);
    /* The whole call is of no method. */
    op->method = SPAR_METHODS;
    op->was_sparse = false;
}

static bool is_running(const spar_op_t *op)
{
    return op->layer != NULL && op->layer->shadow.running;
}

void spar_shadow_begin_dense(spar_op_t *op)
{
    if (is_running(op)) {
        op->layer->shadow.begun = spar_clock_now();
        if (overlaps(op)) {
            enter(&op->comm->overlap.dense, op->layer->shadow.begun);
        }
    }
}

static void compare(spar_layer_t *layer, const void *sum)
{
    spar_shadow_t *shadow = &layer->shadow;
    spar_likeness_t likeness;

    if (spar_likeness_find(layer->dtype, spar_half_view(layer, sum),
                           shadow->out, layer->count, &likeness)) {
        shadow->samples++;
        shadow->difference_sum += likeness.difference;
        shadow->cosine_sum += likeness.cosine;
    }
}

static void look_at(const spar_op_t *op)
{
    const void *sum =
        op->layer->shadow.is_sampled ? spar_reach_read_result(op) : NULL;

    if (sum != NULL) {
        compare(op->layer, sum);
    }
    if (op->layer->content.looks < SPAR_CONTENT_LOOKS) {
        spar_guards_look_at_content(op);
    }
}

void spar_shadow_end_dense(spar_op_t *op)
{
    double now = spar_clock_now();
    double seconds;

    if (!is_running(op)) {
        return;
    }
    if (overlaps(op)) {
        leave(&op->comm->overlap.dense, now);
    }
    seconds = now - op->layer->shadow.begun;
    op->layer->shadow.running = false;
    op->layer->shadow.dense_sum += seconds;
    spar_samples_add(&op->layer->samples[SPAR_METHOD_MPI], seconds);
    if (op->code == MPI_SUCCESS) {
        look_at(op);
    }
}

void spar_shadow_flush(spar_layer_t *layer)
{
    if (layer->residual != NULL) {
        memset(layer->residual, 0, spar_layer_bytes(layer));
    }
}

void spar_shadow_cleanup(spar_layer_t *layer)
{
    free(layer->shadow.out);
    layer->shadow.out = NULL;
}
