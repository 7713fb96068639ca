#include "pmpi/rescale.h"

#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "pmpi/reach.h"
#include "pmpi/resident.h"

#include "sparsify/residual.h"
#include <stdlib.h>

bool spar_rescale_is_on(void)
{
    return spar_engine.config.loss_scale == SPAR_CONFIG_LOSS_SCALE_AUTO &&
           spar_engine.config.mode != SPAR_MODE_LOSSLESS &&
           !spar_engine_is_quantised();
}

static bool is_looked_at(const spar_op_t *op)
{
    return spar_rescale_is_on() && op->standing == NULL && !op->paused &&
           op->layer->select != SPAR_SELECT_NONZERO &&
           op->what.element == op->layer->element;
}

/* Of a gradient that cannot be read nothing is suspected. */
static bool has_jumped(const spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_loss_scale_t *scale = &layer->loss_scale;
    bool jumped;
    void *rows;

    if (!op->reach.gradient_far) {
        return spar_loss_scale_look(scale, layer->element, spar_op_gradient(op),
                                    layer->count);
    }
    rows = spar_reach_gradient_rows(op, spar_loss_scale_rows(layer->count));
    jumped = rows != NULL && spar_loss_scale_look_at_rows(scale, layer->element,
                                                          rows, layer->count);
    if (rows == NULL) {
        spar_loss_scale_drop(scale);
    }
    free(rows);
    return jumped;
}

uint32_t spar_rescale_look(spar_op_t *op)
{
    spar_rescale_t *rescale = &op->comm->rescale;

    if (!is_looked_at(op)) {
        return 0;
    }
    if (!op->looked) {
        op->looked = true;
        if (has_jumped(op) && (int64_t)op->step_number >= rescale->rest.end) {
            rescale->suspected = op->step_number;
        }
    }
    /* One that is due since an earlier run is not this step's. */
    return rescale->due || rescale->suspected == op->step_number
               ? SPAR_WIRE_JUMP
               : 0;
}

/* A step with non-finite values tells nothing of the next ones; what a paused
 * call carries may be no gradient. */
void spar_rescale_note(spar_op_t *op, uint32_t flags)
{
    spar_loss_scale_t *scale = &op->layer->loss_scale;

    if ((flags & SPAR_WIRE_JUMP) != 0) {
        op->comm->rescale.due = true;
        op->comm->rescale.calls++;
    }
    if ((flags & (SPAR_WIRE_NONFINITE | SPAR_WIRE_PAUSED)) != 0) {
        spar_loss_scale_drop(scale);
    } else if ((flags & SPAR_WIRE_JUMP) != 0) {
        spar_loss_scale_hold(scale);
    } else {
        spar_loss_scale_keep(scale);
    }
}

/* For whatever the ranks may decide. */
static bool has_room(const spar_comm_t *comm)
{
    bool room = true;

    for (size_t i = 0; room && i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        room = layer->residual == NULL ||
               (spar_resident_fetch(layer) &&
                spar_residual_has_room(layer->dtype, layer->residual,
                                       layer->count, SPAR_LOSS_SCALE_MOST));
    }
    return room;
}

void spar_rescale_begin(spar_comm_t *comm)
{
    double *numbers = comm->negotiation->values;
    double changes[SPAR_SEQUENCE_MAX_PERIOD];
    size_t count = 0;
    int exponent;

    for (size_t i = 0; i < comm->layer_count; i++) {
        count += spar_loss_scale_change(&comm->layers[i].loss_scale,
                                        &changes[count]);
    }
    exponent = spar_loss_scale_vote(changes, count, numbers);
    if ((count == 0 || exponent > 0) && !has_room(comm)) {
        spar_loss_scale_veto(numbers);
    }
    spar_agree_sum(comm, numbers, SPAR_LOSS_SCALE_NUMBERS);
}

static void rescale_all(spar_comm_t *comm, int exponent)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_rescale(&comm->layers[i], exponent);
    }
    for (size_t i = 0; i < comm->group_count; i++) {
        spar_piece_rescale(&comm->groups[i].piece, exponent);
    }
    comm->rescale.changes++;
    comm->rescale.exponent = exponent;
    comm->rescale.rest.steps = 0;
    spar_info("loss scale changed: residuals rescaled by 2^%d "
              "(communicator %d)",
              exponent, comm->number);
}

static void leave_all(spar_comm_t *comm)
{
    spar_loss_scale_rest_begin(&comm->rescale.rest,
                               (int64_t)comm->steps.begun + 1);
    spar_info("gradients jumped, but not by one power of two on all ranks: "
              "residuals stay as they are (communicator %d)",
              comm->number);
}

bool spar_rescale_progress(spar_comm_t *comm)
{
    int exponent;

    if (!spar_agree_is_done(comm)) {
        return false;
    }
    exponent = spar_loss_scale_decide(comm->negotiation->values);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_loss_scale_settle(&comm->layers[i].loss_scale, exponent);
    }
    if (exponent != 0) {
        rescale_all(comm, exponent);
    } else {
        leave_all(comm);
    }
    comm->rescale.due = false;
    return true;
}
