#include "pmpi/guards.h"

#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/reach.h"

#include <stdlib.h>

static bool are_little(const spar_comm_t *comm)
{
    uint64_t small = 0, all = 0;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        all += spar_layer_bytes(layer);
        if (spar_guard_is_small(layer->count)) {
            small += spar_layer_bytes(layer);
        }
    }
    return spar_guard_is_little(small, all);
}

void spar_guards_look_at_calls(spar_comm_t *comm)
{
    bool shared[SPAR_SEQUENCE_MAX_PERIOD];
    bool little = are_little(comm);
    bool fresh = spar_sequence_is_fresh(comm->sequence);

    spar_sequence_find_shared(comm->sequence, shared);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (shared[i]) {
            layer->hint = SPAR_GUARD_SEVERAL;
        } else if (fresh) {
            layer->hint = SPAR_GUARD_FRESH;
        } else if (little && spar_guard_is_small(layer->count)) {
            layer->hint = SPAR_GUARD_SMALL;
        }
    }
}

/* Whether all layers are of one size: then what seems to be layers may be one
 * sum in turn. */
static bool is_uniform(const spar_comm_t *comm)
{
    const spar_layer_t *first = &comm->layers[0];

    for (size_t i = 1; i < comm->layer_count; i++) {
        if (comm->layers[i].count != first->count ||
            comm->layers[i].element != first->element) {
            return false;
        }
    }
    return true;
}

void spar_guards_look_at_content(const spar_op_t *op)
{
    spar_content_t *content = &op->layer->content;
    spar_dtype_t element = op->layer->element;
    spar_element_rows_t rows = spar_content_rows(op->what.count);
    void *copy;

    if (!op->reach.result_far) {
        spar_content_look(content, element, op->call.recvbuf, op->what.count);
        return;
    }
    copy = spar_reach_result_rows(op, rows);
    if (copy != NULL) {
        spar_content_look(content, element, copy, rows.number * rows.width);
    }
    free(copy);
}

static void look_at_turns(const spar_op_t *op)
{
    spar_turns_t *turns = &op->comm->turns;
    spar_dtype_t element = op->what.element;
    void *copy;

    if (!op->reach.result_far) {
        spar_turns_look(turns, element, op->call.recvbuf, op->what.count);
        return;
    }
    copy = spar_reach_result_rows(op, spar_turns_rows(op->what.count));
    if (copy != NULL) {
        spar_turns_look_at_rows(turns, element, copy, op->what.count);
    }
    free(copy);
}

void spar_guards_look_at_result(const spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    bool learning = op->layer == NULL && op->ticket > 0 &&
                    comm->sequence->calls <= SPAR_SEQUENCE_HISTORY;
    bool watching = op->layer != NULL && spar_choose_is_watching(comm);
    spar_dtype_t element = op->what.element;

    if (comm->rank != 0 || !spar_engine_is_watchful() ||
        element == SPAR_DTYPE_BITS16 ||
        (watching && element != op->layer->element)) {
        return;
    }
    if (watching) {
        spar_guards_look_at_content(op);
    }
    if (learning || (watching && is_uniform(comm))) {
        look_at_turns(op);
    }
}

spar_guard_t spar_guards_judge_layer(const spar_layer_t *layer)
{
    spar_guard_t content = spar_content_judge(&layer->content);

    /* Of who it is that cannot be told, the content tells nothing. */
    return layer->hint == SPAR_GUARD_SEVERAL ||
                   layer->hint == SPAR_GUARD_FRESH || content == SPAR_GUARD_NONE
               ? layer->hint
               : content;
}

void spar_guards_begin(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;
    bool turns = is_uniform(comm) &&
                 spar_turns_are_taken(&comm->turns, comm->layer_count);

    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_guard_t guard = spar_guards_judge_layer(&comm->layers[i]);

        values[i] =
            turns && guard != SPAR_GUARD_SEVERAL && guard != SPAR_GUARD_FRESH
                ? SPAR_GUARD_TURNS
                : guard;
    }
    spar_agree_root(comm, values, comm->layer_count * sizeof(values[0]));
}

void spar_guards_take(spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        comm->layers[i].guard = (spar_guard_t)comm->negotiation->values[i];
    }
}
