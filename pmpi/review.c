#include "pmpi/review.h"

#include "pmpi/ab.h"
#include "pmpi/again.h"
#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "pmpi/guards.h"
#include "pmpi/layer_choice.h"
#include "pmpi/plan.h"
#include "policy/verdict.h"

/* Steps between two reviews, also where they set densities: links change. */
#define REVIEW_STEPS  16
#define DENSITY_STEPS 8
/* And how long there are any in mode sparse with given densities. */
#define EARLY_STEPS 64

enum {
    PHASE_GUARDS,   /* what rank 0 saw in calls and results */
    PHASE_PERIODIC, /* whose trainers divide the sums */
    PHASE_DENSE,    /* seconds of the dense methods */
    PHASE_PROPOSAL, /* rank 0's proposal of sparse methods */
    PHASE_PROBE,    /* when calls are made and needed */
    PHASE_TIMES,    /* seconds of the methods that were taken */
    PHASE_AGAIN,    /* rank 0's proposal for dense layers */
    PHASE_DENSITIES /* rank 0's densities */
};

/* Adds what densities are solved from to the `count` values that are to be
 * agreed on; returns how many there are then. */
static size_t gather(spar_comm_t *comm, size_t count)
{
    if (!spar_densities_are_ruled()) {
        return count;
    }
    spar_densities_gather(comm, comm->negotiation->values + count);
    return count + spar_densities_numbers(comm->layer_count);
}

static void take(spar_comm_t *comm, size_t count)
{
    if (spar_densities_are_ruled()) {
        spar_densities_take(comm, comm->negotiation->values + count);
    }
}

static void make_dense(spar_layer_t *layer, const char *why)
{
    layer->sparse = false;
    layer->flush = layer->owes;
    layer->why = why;
}

/* One method's medians of all layers. */
static void collect(spar_comm_t *comm, spar_method_t method, double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        values[i] = spar_samples_median(&comm->layers[i].samples[method]);
    }
}

static void look_at_dense(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;

    collect(comm, SPAR_METHOD_MPI, values);
    spar_forecast_share(comm, SPAR_FORECAST_ALL, values);
    collect(comm, SPAR_METHOD_RING, values + comm->layer_count);
    spar_forecast_share(comm, SPAR_FORECAST_ALL, values + comm->layer_count);
    spar_agree_min(comm, values, gather(comm, 2 * comm->layer_count));
}

/* What the learning steps told of MPI's calls is older. */
static void judge_dense(spar_comm_t *comm)
{
    const double *values = comm->negotiation->values;

    take(comm, 2 * comm->layer_count);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];
        double mpi = values[i];
        double ring = values[comm->layer_count + i];

        if (mpi > 0) {
            layer->seconds[SPAR_METHOD_MPI] = mpi;
            layer->dense_seconds = mpi;
        }
        if (ring > 0) {
            layer->seconds[SPAR_METHOD_RING] = ring;
        }
        if (ring > 0 && (mpi <= 0 || ring < mpi)) {
            layer->trial.dense = SPAR_METHOD_RING;
            layer->dense_seconds = ring;
        }
        spar_layer_drop_samples(layer);
    }
}

static void judge_proposal(spar_comm_t *comm)
{
    spar_choose_adopt(comm);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (layer->guard == SPAR_GUARD_NONE ||
            spar_layer_is_included(comm, i)) {
            continue;
        }
        layer->second_look.wanted = false;
        if (layer->sparse) {
            make_dense(layer, spar_guard_why(layer->guard));
        }
    }
}

/* Whether all exchanges had few non-zeros on this rank. */
static void look_at_zeros(spar_comm_t *comm, double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        values[i] = layer->looked_at > 0 && !layer->many;
        layer->looked_at = 0;
        layer->many = false;
    }
}

/* On all ranks: embeddings and the like. Error feedback would only delay what
 * is sent anyway, and exact values are fewer bytes than what it may send. */
static void judge_zeros(spar_layer_t *layer, bool few)
{
    if (few && layer->sparse && !layer->natural && !layer->crowded &&
        (layer->select == SPAR_SELECT_EXACT ||
         layer->select == SPAR_SELECT_TOPK)) {
        layer->few = true;
        layer->flush = true;
    }
}

/* In mode shadow it is the exchanges that are timed. */
static bool is_shared(const spar_layer_t *layer)
{
    return layer->nonblocking && !spar_engine_is_shadow();
}

static spar_method_t method_in_force(const spar_layer_t *layer)
{
    return layer->sparse ? layer->trial.method : layer->trial.dense;
}

/* Calls that cannot be timed one by one. */
static void look_at_shared(const spar_comm_t *comm, double *shared)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        shared[i] =
            spar_samples_median(&layer->samples[method_in_force(layer)]);
    }
    spar_forecast_share(comm, SPAR_FORECAST_SPARSE, shared);
    spar_forecast_share(comm, SPAR_FORECAST_DENSE, shared);
}

/* Calls that can be timed one by one: all methods that were tried; of the
 * others only the method in force. */
static void look_at_times(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;
    double shared[SPAR_SEQUENCE_MAX_PERIOD];
    size_t count = comm->layer_count;

    look_at_shared(comm, shared);
    for (int m = 0; m < SPAR_METHODS; m++) {
        collect(comm, (spar_method_t)m, values + (size_t)m * count);
    }
    look_at_zeros(comm, values + SPAR_METHODS * count);
    for (size_t i = 0; i < count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        for (size_t m = 0; m < SPAR_METHODS && is_shared(layer); m++) {
            values[m * count + i] =
                m == (size_t)method_in_force(layer) ? shared[i] : 0;
        }
        spar_layer_drop_samples(layer);
    }
    spar_agree_min(comm, values, gather(comm, (SPAR_METHODS + 1) * count));
}

/* Whether the trials have just ended. */
static bool is_first(const spar_comm_t *comm)
{
    return comm->sequence->steps == spar_choose_settled_step(comm) + 1;
}

static void judge_layer(const spar_comm_t *comm, spar_layer_t *layer,
                        bool first)
{
    double seconds;

    if (first) {
        layer->trial.method = spar_trial_fastest(&layer->trial, layer->seconds);
    }
    seconds = layer->seconds[layer->trial.method];
    if (!spar_engine_is_auto() || seconds <= 0) {
        return;
    }
    if (first && layer->trial.count > 0 && !layer->nonblocking
            ? !spar_verdict_keeps(seconds, layer->dense_seconds)
            : spar_verdict_review(seconds, layer->dense_seconds,
                                  &layer->losses)) {
        make_dense(layer, "sparse proved slower");
        spar_second_look_rest(&layer->second_look, comm->sequence->steps);
    }
}

static void judge_times(spar_comm_t *comm)
{
    const double *values = comm->negotiation->values;
    bool first = is_first(comm);

    take(comm, (SPAR_METHODS + 1) * comm->layer_count);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        for (size_t m = 0; m < SPAR_METHODS; m++) {
            double seconds = values[m * comm->layer_count + i];

            if (seconds > 0 && layer->sparse) {
                layer->seconds[m] = seconds;
            }
        }
        if (layer->sparse) {
            judge_layer(comm, layer, first);
        }
        judge_zeros(layer, values[SPAR_METHODS * comm->layer_count + i] > 0);
    }
    if (first) {
        spar_comm_trim_machines(comm);
    }
}

/* What calls took with the least density says nothing of others. */
static void judge_probe(spar_comm_t *comm)
{
    take(comm, 0);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_drop_samples(&comm->layers[i]);
    }
}

static bool is_after_watching(const spar_comm_t *comm)
{
    return spar_engine_is_watchful() &&
           comm->sequence->steps == spar_choose_watch_steps() + 1;
}

bool spar_review_is_due(const spar_comm_t *comm)
{
    uint64_t steps = comm->sequence->steps;
    uint64_t settled = spar_choose_settled_step(comm);

    if (is_after_watching(comm) || spar_choose_has_probed(comm)) {
        return true;
    }
    if (comm->pays_nowhere || steps <= settled) {
        return spar_again_is_due(comm);
    }
    if (spar_densities_are_ruled()) {
        return (steps - settled - 1) % spar_ab_review_steps(DENSITY_STEPS) == 0;
    }
    if (!spar_engine_is_auto() && !spar_engine_is_shadow() &&
        (steps > settled + 1 + EARLY_STEPS ||
         (is_first(comm) && comm->trial_rounds < 2))) {
        return false;
    }
    return (steps - settled - 1) % spar_ab_review_steps(REVIEW_STEPS) == 0;
}

void spar_review_begin(spar_comm_t *comm)
{
    if (is_after_watching(comm)) {
        comm->negotiation->phase = PHASE_GUARDS;
        spar_guards_begin(comm);
    } else if (spar_choose_has_probed(comm)) {
        comm->negotiation->phase = PHASE_PROBE;
        spar_agree_min(comm, comm->negotiation->values, gather(comm, 0));
    } else {
        comm->negotiation->phase = PHASE_TIMES;
        look_at_times(comm);
    }
}

static void begin_dense(spar_comm_t *comm)
{
    comm->negotiation->phase = PHASE_DENSE;
    look_at_dense(comm);
}

static void begin_periodic(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;

    comm->negotiation->phase = PHASE_PERIODIC;
    spar_agree_min(comm, values, spar_periodic_tell(comm, values));
}

/* After a proposal rank 0 has solved for the densities already. */
static void begin_densities(spar_comm_t *comm, bool solved)
{
    if (comm->rank == 0 && !solved) {
        spar_densities_solve(comm);
    }
    spar_densities_begin(comm);
}

/* One phase is over; the next one begins. false: there is none. */
static bool next_phase(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    int phase = negotiation->phase;

    switch (phase) {
    case PHASE_GUARDS:
        spar_guards_take(comm);
        if (spar_periodic_is_on()) {
            begin_periodic(comm);
        } else {
            begin_dense(comm);
        }
        return true;
    case PHASE_PERIODIC:
        spar_periodic_take(comm, negotiation->values);
        begin_dense(comm);
        return true;
    case PHASE_DENSE:
        judge_dense(comm);
        negotiation->phase = PHASE_PROPOSAL;
        spar_plan_begin_proposal(comm);
        return true;
    case PHASE_PROPOSAL:
        judge_proposal(comm);
        spar_periodic_adopt(comm);
        break;
    case PHASE_PROBE:
        judge_probe(comm);
        break;
    case PHASE_TIMES:
        judge_times(comm);
        if (spar_again_is_due(comm)) {
            negotiation->phase = PHASE_AGAIN;
            spar_again_begin(comm, negotiation->values);
            return true;
        }
        if (comm->rank == 0) {
            spar_forecast_fit(comm);
        }
        break;
    case PHASE_AGAIN:
        if (comm->rank == 0 && spar_densities_are_ruled()) {
            spar_densities_solve(comm);
        }
        spar_again_adopt(comm);
        break;
    default:
        spar_densities_adopt(comm);
        return false;
    }
    negotiation->phase = PHASE_DENSITIES;
    if (spar_densities_are_ruled()) {
        begin_densities(comm, phase == PHASE_PROPOSAL || phase == PHASE_AGAIN);
    }
    return spar_densities_are_ruled();
}

bool spar_review_progress(spar_comm_t *comm)
{
    if (!spar_agree_is_done(comm) || next_phase(comm)) {
        return false;
    }
    spar_comm_note_where_it_pays(comm);
    spar_merging_plan(comm);
    return true;
}
