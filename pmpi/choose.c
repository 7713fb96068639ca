#include "pmpi/choose.h"

#include "pmpi/ab.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "pmpi/half.h"
#include "pmpi/layer_choice.h"
#include "pmpi/machines.h"
#include "pmpi/plan.h"
#include "pmpi/post.h"
#include "pmpi/reach.h"
#include "pmpi/rounded.h"
#include "policy/density.h"

/* A split delivers at most the 2k largest sums of a step, the others all that
 * was selected: between few ranks its time is not worth the difference. */
#define RANKS_TO_SPLIT 8

/* Last steps of the watching, in which dense methods take turns: both are seen
 * as often as the content must be. */
#define TURNS (2 * SPAR_CONTENT_LOOKS)

uint64_t spar_choose_watch_steps(void)
{
    return spar_engine_is_watchful() ? spar_engine.config.watch_steps : 0;
}

bool spar_choose_is_watching(const spar_comm_t *comm)
{
    return spar_engine_is_watchful() &&
           comm->sequence->steps <= spar_choose_watch_steps();
}

bool spar_choose_is_probing(const spar_comm_t *comm)
{
    uint64_t step = comm->sequence->steps;
    uint64_t watched = spar_choose_watch_steps();

    return step > watched && step <= watched + comm->probe_steps;
}

bool spar_choose_has_probed(const spar_comm_t *comm)
{
    return comm->probe_steps > 0 &&
           comm->sequence->steps ==
               spar_choose_watch_steps() + comm->probe_steps + 1;
}

/* The ramp's early stages are slower than what is to be judged. */
static uint64_t first_trial_step(const spar_comm_t *comm)
{
    return spar_choose_watch_steps() + comm->probe_steps +
           spar_density_ramp_end(&spar_engine.config) + 1;
}

static uint64_t trial_steps(const spar_comm_t *comm)
{
    return comm->trial_rounds > 1 || spar_engine_is_auto()
               ? comm->trial_rounds * SPAR_TRIAL_STEPS
               : 0;
}

uint64_t spar_choose_settled_step(const spar_comm_t *comm)
{
    return first_trial_step(comm) - 1 + trial_steps(comm);
}

/* Where it cannot be had, allgather always can. */
static unsigned named(unsigned there, spar_method_t method)
{
    return (there & SPAR_METHOD_BIT(method)) != 0
               ? SPAR_METHOD_BIT(method)
               : SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER);
}

unsigned spar_choose_allowed(const spar_comm_t *comm)
{
    unsigned there = comm->has_machines
                         ? spar_machines_methods(comm)
                         : SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER);

    if (spar_engine_is_quantised()) {
        return SPAR_METHOD_BIT(SPAR_METHOD_QUANTISED);
    }
    switch ((spar_config_exchange_t)spar_engine.config.exchange) {
    case SPAR_CONFIG_EXCHANGE_AUTO:
        break;
    case SPAR_CONFIG_EXCHANGE_ALLGATHER:
        return named(there, SPAR_METHOD_ALLGATHER);
    case SPAR_CONFIG_EXCHANGE_DOUBLING:
        return named(there, SPAR_METHOD_DOUBLING);
    case SPAR_CONFIG_EXCHANGE_SPLIT:
        return named(there, SPAR_METHOD_SPLIT);
    case SPAR_CONFIG_EXCHANGE_NODE:
        return named(there, SPAR_METHOD_NODE);
    case SPAR_CONFIG_EXCHANGE_DENSE:
        return 0;
    }
    if (comm->size < RANKS_TO_SPLIT) {
        there &= ~SPAR_METHOD_BIT(SPAR_METHOD_SPLIT);
    }
    /* Blocks of unknown size cannot be predicted. */
    return spar_engine.config.mode == SPAR_MODE_LOSSLESS
               ? SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER)
               : there;
}

/* A method that was asked for by name is taken wherever it can be. */
static bool is_forced(unsigned allowed)
{
    return allowed != 0 && (allowed & (allowed - 1)) == 0;
}

static spar_method_t lowest(unsigned methods)
{
    spar_method_t method = SPAR_METHOD_MPI;

    while ((methods & SPAR_METHOD_BIT(method)) == 0) {
        method++;
    }
    return method;
}

void spar_choose_propose_layer(const spar_comm_t *comm,
                               const spar_layer_t *layer, double density,
                               spar_trial_t *trial)
{
    spar_model_shape_t shape = spar_forecast_shape(comm, layer, density);
    unsigned allowed = spar_choose_allowed(comm);

    trial->dense = layer->trial.dense;
    if (spar_engine_is_periodic()) {
        return; /* nothing goes sparse */
    }
    if (spar_engine_is_auto() && layer->dense_seconds <= 0) {
        return; /* not measured: no reason to leave dense */
    }
    spar_trial_propose(&comm->model, &shape, allowed,
                       spar_engine_is_auto() ? layer->dense_seconds : 0,
                       !layer->nonblocking, trial);
    if (!spar_engine_is_auto() && is_forced(allowed)) {
        trial->count = 1;
        trial->candidates[0] = lowest(allowed);
        trial->method = trial->candidates[0];
    }
}

/* What a non-blocking layer sends beyond the least density hides, so only that
 * is to be compared with what dense calls expose. */
static double density_to_propose(const spar_comm_t *comm, size_t slot)
{
    if (!spar_density_has_rule(&spar_engine.config)) {
        return spar_density_last(&spar_engine.config);
    }
    return comm->layers[slot].nonblocking ? spar_engine.config.density_min
                                          : spar_densities_next(comm, slot);
}

void spar_choose_propose(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    spar_forecast_fit(comm);
    if (spar_density_has_rule(&spar_engine.config) &&
        !spar_engine_is_periodic()) {
        spar_densities_solve(comm);
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        negotiation->proposal[i] = (spar_trial_t){0};
        spar_choose_propose_layer(comm, &comm->layers[i],
                                  density_to_propose(comm, i),
                                  &negotiation->proposal[i]);
    }
}

static void judge_layer(spar_comm_t *comm, size_t slot)
{
    const spar_trial_t *trial = &comm->negotiation->proposal[slot];
    spar_layer_t *layer = &comm->layers[slot];
    const spar_config_t *config = &spar_engine.config;
    bool own_ring = config->exchange == SPAR_CONFIG_EXCHANGE_DENSE;
    const char *refusal =
        spar_reach_refusal(layer) != NULL  ? spar_reach_refusal(layer)
        : spar_half_refusal(layer) != NULL ? spar_half_refusal(layer)
                                           : spar_rounded_refusal(layer);

    layer->trial = *trial;
    layer->sparse = false;
    layer->second_look.wanted = false;
    layer->predicted_seconds = trial->predicted;
    if (spar_layer_is_excluded(comm, slot)) {
        layer->why = SPAR_LAYER_EXCLUDED;
    } else if (!spar_plan_fits(layer, comm->size)) {
        layer->why = "too large for one message";
    } else if (((layer->piece_count > 1 || spar_engine_is_quantised()) &&
                !comm->has_machines) ||
               (own_ring && comm->negotiation->ring_failed)) {
        layer->why = "out of memory";
    } else if (config->mode == SPAR_MODE_DENSE) {
        layer->why = "mode dense";
    } else if (refusal != NULL) {
        layer->why = refusal;
    } else if (layer->nonblocking && !spar_post_takes_requests()) {
        layer->why = "no helper thread: non-blocking calls are passed on";
    } else if (spar_engine_is_periodic()) {
        layer->why = "its steps were only watched until now";
    } else if (spar_engine_is_shadow() && own_ring) {
        layer->why = "dense is asked for";
    } else if (!spar_engine_is_auto()) {
        layer->sparse = true;
        layer->trial.method = own_ring ? SPAR_METHOD_RING : layer->trial.method;
        layer->why = "mode asks for it";
    } else if (layer->nonblocking && spar_densities_are_free(comm)) {
        layer->second_look.wanted = true;
        layer->why = "the dense exchange hides behind the computation";
    } else if (trial->count > 0) {
        layer->sparse = true;
        layer->why = "predicted faster";
    } else {
        layer->second_look.wanted = !own_ring;
        layer->why =
            own_ring ? "dense is asked for" : "dense is predicted faster";
    }
    /* The ring would never deliver what an earlier run has left. */
    /* Nobody would see the content of a layer that carries on what it owes. */
    layer->flush = layer->owes && (!layer->sparse || own_ring ||
                                   spar_choose_is_watching(comm));
}

/* Only with more than one call in a step can it be seen whether they overlap
 * with computation; those of a thread that also waits need no such look. */
static uint64_t probe_steps(const spar_comm_t *comm)
{
    bool blocking = false;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        blocking = blocking || (layer->sparse && !layer->nonblocking);
    }
    return spar_densities_are_ruled() &&
                   spar_engine.config.density_rule ==
                       SPAR_CONFIG_DENSITY_AUTO &&
                   blocking && comm->layer_count > 1 && !comm->densities.by_main
               ? SPAR_TRIAL_STEPS
               : 0;
}

void spar_choose_adopt(spar_comm_t *comm)
{
    comm->trial_rounds = 0;
    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        judge_layer(comm, i);
        if (layer->sparse && layer->trial.count > comm->trial_rounds) {
            comm->trial_rounds = layer->trial.count;
        }
    }
    comm->probe_steps = probe_steps(comm);
    spar_comm_note_where_it_pays(comm);
    spar_merging_plan(comm);
}

/* The candidates of a layer have their turns; other layers keep theirs. */
static spar_method_t in_trial(const spar_comm_t *comm,
                              const spar_layer_t *layer)
{
    uint64_t step = comm->sequence->steps;

    if (layer->trial.count > 1 && step >= first_trial_step(comm) &&
        step <= spar_choose_settled_step(comm)) {
        return spar_trial_candidate(
            &layer->trial, (step - first_trial_step(comm)) / SPAR_TRIAL_STEPS);
    }
    return layer->trial.method;
}

/* Early, dense stages of a ramp may not pay although the last one does. */
static bool ramp_pays(const spar_comm_t *comm, const spar_layer_t *layer)
{
    return !spar_engine_is_auto() ||
           comm->sequence->steps >= first_trial_step(comm) ||
           spar_plan_density(comm, layer) < layer->trial.pays_below;
}

static spar_method_t dense_method(const spar_comm_t *comm,
                                  const spar_layer_t *layer)
{
    if (!spar_engine_picks_dense() || comm->negotiation->ring_failed ||
        spar_half_is(layer) || layer->far ||
        (layer->nonblocking && !spar_post_takes_requests())) {
        return SPAR_METHOD_MPI;
    }
    switch ((spar_config_dense_t)spar_engine.config.dense) {
    case SPAR_CONFIG_DENSE_MPI:
        return SPAR_METHOD_MPI;
    case SPAR_CONFIG_DENSE_RING:
        return SPAR_METHOD_RING;
    case SPAR_CONFIG_DENSE_AUTO:
        break;
    }
    if (!spar_choose_is_watching(comm)) {
        return layer->trial.dense;
    }
    return comm->sequence->steps + TURNS > spar_choose_watch_steps()
               ? spar_trial_dense(comm->sequence->steps)
               : SPAR_METHOD_MPI;
}

spar_method_t spar_choose_method(const spar_comm_t *comm,
                                 const spar_layer_t *layer)
{
    bool owing = layer->flush || layer->owes;

    if (spar_ab_is_dense(comm)) {
        return dense_method(comm, layer);
    }
    /* What is owed must be delivered or carried on, by a sparse exchange. */
    if (owing && (layer->trial.method == SPAR_METHOD_MPI ||
                  layer->trial.method == SPAR_METHOD_RING)) {
        return SPAR_METHOD_ALLGATHER;
    }
    if (owing || (layer->sparse && !spar_choose_is_watching(comm) &&
                  ramp_pays(comm, layer))) {
        return in_trial(comm, layer);
    }
    return dense_method(comm, layer);
}
