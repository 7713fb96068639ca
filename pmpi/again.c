#include "pmpi/again.h"

#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "policy/density.h"
#include "policy/verdict.h"

#include <math.h>

static bool takes_part(const spar_comm_t *comm, const spar_layer_t *layer)
{
    return !layer->sparse &&
           spar_second_look_takes(&layer->second_look, comm->sequence->steps);
}

bool spar_again_is_due(const spar_comm_t *comm)
{
    uint64_t settled = spar_choose_settled_step(comm) + 1;
    uint64_t steps = comm->sequence->steps;
    bool any = false;

    /* In mode ab, windows are compared from the first plan on. */
    if (spar_engine.config.mode != SPAR_MODE_AUTO || steps < settled ||
        !spar_second_look_is_due(steps - settled, comm->pays_nowhere)) {
        return false;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        any = any || takes_part(comm, &comm->layers[i]);
    }
    return any;
}

static void take_seconds(spar_comm_t *comm, const double *seconds)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];
        spar_method_t method = layer->trial.dense;
        double dense = seconds[(size_t)method * comm->layer_count + i];

        if (takes_part(comm, layer) && dense > 0) {
            layer->dense_seconds = dense;
            layer->seconds[method] = dense;
        }
    }
}

/* Rules set the densities of sparse layers: these begin as all have begun. */
static double first_density(const spar_layer_t *layer)
{
    const spar_config_t *config = &spar_engine.config;

    if (!spar_density_has_rule(config)) {
        return spar_density_last(config);
    }
    return layer->nonblocking ? config->density_min
                              : spar_density_at(config, 0);
}

static void propose(spar_comm_t *comm)
{
    spar_forecast_fit(comm);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_trial_t *trial = &comm->negotiation->proposal[i];
        const spar_layer_t *layer = &comm->layers[i];

        *trial = (spar_trial_t){0};
        if (takes_part(comm, layer)) {
            spar_choose_propose_layer(comm, layer, first_density(layer), trial);
        }
    }
}

void spar_again_begin(spar_comm_t *comm, const double *seconds)
{
    take_seconds(comm, seconds);
    if (comm->rank == 0) {
        propose(comm);
    }
    spar_agree_root(comm, comm->negotiation->proposal,
                    comm->layer_count * sizeof(comm->negotiation->proposal[0]));
}

/* What sending the layer sparsely has ever taken at the least, seconds; 0: that
 * was not measured. */
static double measured(const spar_layer_t *layer)
{
    double least = 0;

    for (unsigned m = 0; m < SPAR_METHODS; m++) {
        bool sparse = (SPAR_METHOD_BIT(m) & SPAR_METHOD_SPARSE) != 0;
        double seconds = sparse ? layer->seconds[m] : 0;

        least =
            seconds > 0 && (least <= 0 || seconds < least) ? seconds : least;
    }
    return least;
}

/* No trial follows. So the gain must be as clear as that of what stays after
 * one; where it was measured what sparse calls take, by that as well, because
 * predictions were wrong there. */
static bool pays(const spar_comm_t *comm, const spar_layer_t *layer,
                 const spar_trial_t *trial)
{
    double seconds = fmax(trial->predicted, measured(layer));

    return trial->count > 0 &&
           spar_verdict_keeps(seconds, layer->dense_seconds) &&
           !(layer->nonblocking && spar_densities_are_free(comm));
}

static void make_sparse(spar_layer_t *layer, const spar_trial_t *trial)
{
    layer->sparse = true;
    layer->flush = false;
    layer->losses = 0;
    layer->trial = *trial;
    layer->trial.count = 1;
    layer->seconds[trial->method] = 0; /* to be measured anew */
    layer->density = first_density(layer);
    layer->why = "predicted faster, at a second look";
}

void spar_again_adopt(spar_comm_t *comm)
{
    size_t looked_at = 0, changed = 0;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_trial_t *trial = &comm->negotiation->proposal[i];
        spar_layer_t *layer = &comm->layers[i];

        if (!takes_part(comm, layer)) {
            continue;
        }
        looked_at++;
        layer->predicted_seconds = trial->predicted;
        if (pays(comm, layer, trial)) {
            changed++;
            make_sparse(layer, trial);
            comm->negotiation->outcome.density[i] = layer->density;
        }
    }
    if (comm->rank == 0) {
        spar_info("communicator %d, step %llu: %zu of %zu dense layers go "
                  "sparse at a second look",
                  comm->number, (unsigned long long)comm->sequence->steps,
                  changed, looked_at);
    }
}
