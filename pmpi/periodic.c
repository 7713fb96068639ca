#include "pmpi/periodic.h"

#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"
#include "pmpi/periodic_call.h"
#include "policy/replicas.h"

#include <math.h>

enum {
    PHASE_SUM,  /* over the ranks */
    PHASE_ROOT, /* rank 0's sum travels: rounding may differ */
};

enum {
    OF_VARIANCE,
    OF_UPDATE,
    OF_BAD, /* ranks on which one of them is not finite */
    NUMBERS
};

/* The trainer's step: calls before the sequence was known, or while it was
 * lost, are taken for steps of as many. */
static void count_step(spar_comm_t *comm, uint64_t number)
{
    spar_periodic_comm_t *periodic = &comm->periodic;
    uint64_t calls = number - (periodic->has_step ? periodic->number : 0);
    uint64_t steps = calls / comm->layer_count;

    if (periodic->has_step && (periodic->is_counting || steps == 0)) {
        steps = 1;
    }
    periodic->step += steps;
    periodic->number = number;
    periodic->has_step = periodic->is_counting = true;
}

void spar_periodic_begin_step(spar_comm_t *comm, const spar_op_t *op)
{
    spar_periodic_comm_t *periodic = &comm->periodic;

    if (!spar_periodic_is_on()) {
        return;
    }
    count_step(comm, op->number);
    periodic->is_open = spar_periodic_is_waiting(comm);
    periodic->dense = periodic->summed = 0;
    periodic->flags = 0;
    if (periodic->on) {
        periodic->outside = 0;
        (void)spar_periodic_begin(&periodic->control, periodic->step);
    }
}

/* A trainer leaves out the whole step for NaN in one layer: what the others
 * have skipped in it is not to be made up for, and what they have made up for
 * is still owed. */
static bool is_left_out(const spar_periodic_comm_t *periodic)
{
    return (periodic->flags & SPAR_WIRE_NONFINITE) != 0;
}

/* Whether replicas are the same behind the step. Those that have skipped
 * gradients are when nothing is owed, however that came about. */
static bool has_averaged(const spar_comm_t *comm)
{
    const spar_periodic_comm_t *periodic = &comm->periodic;

    for (size_t i = 0; periodic->carries && i < comm->layer_count; i++) {
        if (spar_periodic_layer_owes(&comm->layers[i], is_left_out(periodic))) {
            return false;
        }
    }
    return periodic->carries || periodic->summed == periodic->layers;
}

bool spar_periodic_has_exchanged(const spar_comm_t *comm)
{
    return comm->periodic.is_open && comm->periodic.layers > 0 &&
           comm->periodic.dense == comm->periodic.layers;
}

static void count_outcome(spar_comm_t *comm)
{
    spar_periodic_comm_t *periodic = &comm->periodic;
    bool whole = periodic->summed == periodic->layers;

    if (periodic->layers == 0) { /* some layers were still owing */
        periodic->control.since *= !has_averaged(comm);
        return;
    }
    spar_periodic_end(&periodic->control, spar_periodic_has_exchanged(comm),
                      has_averaged(comm),
                      is_left_out(periodic) ||
                          (periodic->summed > 0 && !whole));
    periodic->is_due = whole && spar_periodic_looks(&periodic->control);
}

static void end_step(spar_comm_t *comm)
{
    spar_periodic_comm_t *periodic = &comm->periodic;

    count_outcome(comm);
    periodic->owing = 0;
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_periodic_layer_end_step(&comm->layers[i], is_left_out(periodic));
        periodic->owing += comm->layers[i].periodic.makes_up;
    }
    periodic->is_open = false;
}

bool spar_periodic_is_waiting(const spar_comm_t *comm)
{
    return comm->periodic.on || comm->periodic.owing > 0;
}

bool spar_periodic_is_due(spar_comm_t *comm)
{
    if (comm->periodic.is_open) {
        end_step(comm);
    }
    return comm->periodic.is_due;
}

/* Gradients become parameters by the rate. */
static double unit_of(const spar_comm_t *comm)
{
    double rate = comm->periodic.control.rate;

    return comm->periodic.carries && rate > 0 ? rate * rate : 1;
}

void spar_periodic_begin_agreement(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;

    values[OF_VARIANCE] = values[OF_UPDATE] = 0;
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_periodic_layer_t *layer = &comm->layers[i].periodic;

        if (layer->on) {
            values[OF_VARIANCE] +=
                spar_average_distance(&layer->average, comm->size);
            values[OF_UPDATE] += spar_average_update(&layer->average);
            spar_average_forget_updates(&layer->average);
        }
    }
    values[OF_BAD] =
        !isfinite(values[OF_VARIANCE]) || !isfinite(values[OF_UPDATE]);
    if (values[OF_BAD] > 0) {
        values[OF_VARIANCE] = values[OF_UPDATE] = 0;
    }
    comm->negotiation->phase = PHASE_SUM;
    spar_agree_sum(comm, values, NUMBERS);
}

bool spar_periodic_progress_agreement(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    const double *values = negotiation->values;

    if (!spar_agree_is_done(comm)) {
        return false;
    }
    if (negotiation->phase == PHASE_SUM) {
        negotiation->phase = PHASE_ROOT;
        spar_agree_root(comm, negotiation->values,
                        NUMBERS * sizeof(negotiation->values[0]));
        return false;
    }
    spar_periodic_observe(&comm->periodic.control,
                          values[OF_BAD] > 0 ? INFINITY
                                             : values[OF_VARIANCE] /
                                                   comm->size * unit_of(comm),
                          sqrt(values[OF_UPDATE] / comm->size));
    comm->periodic.is_due = false;
    return true;
}

/* While the step of gradients is not known, sums are those of the gradients.
 */
void spar_periodic_note_call(const spar_op_t *op)
{
    spar_periodic_comm_t *periodic = &op->comm->periodic;

    if (op->layer == NULL ? periodic->on || !periodic->carries
                          : !periodic->on && !periodic->carries) {
        periodic->outside += op->what.count;
    }
}

/* Of calls under way not all ranks know the same yet: the present step ends
 * when there are none. */
void spar_periodic_drop(spar_comm_t *comm)
{
    comm->periodic.on = false;
    comm->periodic.is_due = comm->periodic.is_counting = false;
}

void spar_periodic_close(spar_comm_t *comm)
{
    spar_periodic_comm_t *periodic = &comm->periodic;

    if (periodic->is_open) {
        end_step(comm);
        periodic->is_due = false;
    }
    periodic->owing = 0;
    periodic->control.forced = true;
}

static bool is_looked_at(const spar_op_t *op)
{
    return op->layer != NULL &&
           (op->layer->periodic.on ||
            (spar_periodic_is_on() && !spar_periodic_is_of_gradients() &&
             !spar_half_is(op->layer) && spar_choose_is_watching(op->comm)));
}

void spar_periodic_note_sum(spar_op_t *op, bool whole)
{
    spar_periodic_comm_t *periodic = &op->comm->periodic;
    spar_periodic_layer_t *layer = &op->layer->periodic;

    if (!layer->on) {
        return;
    }
    if (layer->dense_in != periodic->number) {
        layer->dense_in = periodic->number;
        periodic->dense++;
    }
    if (whole && layer->summed_in != periodic->number) {
        layer->summed_in = periodic->number;
        periodic->summed++;
    }
}

void spar_periodic_begin_dense(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    if (!is_looked_at(op)) {
        return;
    }
    if (layer->periodic.on) {
        spar_periodic_note_sum(op, true);
        layer->flushed_epoch = op->flush_epoch;
    }
    if (!op->reach.gradient_far &&
        spar_average_reserve(&layer->periodic.average, layer->dtype,
                             layer->count)) {
        spar_average_look_at_input(&layer->periodic.average,
                                   spar_op_gradient(op), op->comm->size);
    }
}

void spar_periodic_end_dense(spar_op_t *op)
{
    if (op->settles) {
        spar_periodic_call_settle(op);
    } else if (is_looked_at(op) && !op->reach.result_far) {
        spar_average_look_at_sum(&op->layer->periodic.average,
                                 op->call.recvbuf);
    }
}

uint64_t spar_periodic_since_average(const spar_comm_t *comm)
{
    const spar_periodic_comm_t *periodic = &comm->periodic;

    return periodic->is_open
               ? spar_periodic_since(&periodic->control, has_averaged(comm))
               : periodic->control.since;
}

uint64_t spar_periodic_digest(const spar_comm_t *comm)
{
    const spar_periodic_comm_t *periodic = &comm->periodic;
    const spar_periodic_t *control = &periodic->control;
    double values[] = {(double)periodic->on,   (double)periodic->layers,
                       (double)periodic->step, (double)control->period,
                       (double)control->since, (double)control->forced,
                       (double)control->rest,  (double)control->looks,
                       control->mean,          control->squares};

    return (uint64_t)spar_replicas_digest(values, sizeof(values));
}
