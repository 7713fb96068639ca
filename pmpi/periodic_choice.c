/* Which layers are exchanged periodically, and why others are not. */
#include "pmpi/periodic.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"
#include "pmpi/layer_choice.h"
#include "pmpi/plan.h"
#include "pmpi/post.h"
#include "policy/verdict.h"

/* A skipped call reads its values twice and writes them once, at about the pace
 * of two selections (bench_select). */
#define SKIP_SCANS 2

bool spar_periodic_is_on(void)
{
    const spar_config_t *config = &spar_engine.config;

    return spar_engine_is_periodic() ||
           (config->mode == SPAR_MODE_AUTO &&
            config->periodic == SPAR_CONFIG_PERIODIC_AUTO);
}

void spar_periodic_warn_of_settings(void)
{
    const spar_config_t *config = &spar_engine.config;
    bool is_set = config->periods.count > 0 || config->rates.count > 0 ||
                  config->train_steps > 0 ||
                  config->periodic == SPAR_CONFIG_PERIODIC_GRADIENTS ||
                  config->periodic == SPAR_CONFIG_PERIODIC_GRADIENTS_ANY;

    if (is_set && !spar_periodic_is_on() && config->mode != SPAR_MODE_OFF) {
        spar_warn("SPAR_PERIOD, SPAR_LR, SPAR_TRAIN_STEPS and "
                  "SPAR_PERIODIC=gradients have no effect without "
                  "SPAR_MODE=periodic, or SPAR_PERIODIC=auto in mode auto");
    }
}

bool spar_periodic_is_of_gradients(void)
{
    const spar_config_t *config = &spar_engine.config;

    return spar_engine_is_periodic() &&
           (config->periodic == SPAR_CONFIG_PERIODIC_GRADIENTS ||
            config->periodic == SPAR_CONFIG_PERIODIC_GRADIENTS_ANY);
}

/* Made up for exactly only with one rate all the time. */
static bool may_carry(void)
{
    const spar_config_t *config = &spar_engine.config;

    return config->periodic == SPAR_CONFIG_PERIODIC_GRADIENTS_ANY ||
           config->rates.count == 1;
}

/* Of each layer: whether this rank divides, and the least and the most that
 * comes back. */
enum {
    OF_DIVISION,
    OF_LEAST,
    OF_MOST,
    NUMBERS
};

size_t spar_periodic_tell(spar_comm_t *comm, double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_average_t *average = &comm->layers[i].periodic.average;
        double share = spar_average_share(average, comm->size);
        double *numbers = values + NUMBERS * i;

        numbers[OF_DIVISION] = average->memory == NULL
                                   ? -1
                                   : spar_average_divides(average, comm->size);
        numbers[OF_LEAST] = share;
        numbers[OF_MOST] = -share;
    }
    values[NUMBERS * comm->layer_count] = comm->latency;
    return NUMBERS * comm->layer_count + 1;
}

void spar_periodic_take(spar_comm_t *comm, const double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        const double *numbers = values + NUMBERS * i;
        double spread = -numbers[OF_MOST] - numbers[OF_LEAST];

        spar_debug("communicator %d, slot %zu: inputs are %.5f to %.5f of the "
                   "sums by the ranks",
                   comm->number, i, numbers[OF_LEAST], -numbers[OF_MOST]);
        comm->layers[i].periodic.divides = (int)numbers[OF_DIVISION];
        if (numbers[OF_DIVISION] > 0 && spread > SPAR_AVERAGE_SPREAD) {
            comm->layers[i].periodic.divides = 0;
        }
    }
    comm->periodic.latency = values[NUMBERS * comm->layer_count];
}

/* The same on every rank: all of it was agreed on. */
static bool pays(const spar_comm_t *comm, const spar_layer_t *layer)
{
    double seconds = comm->periodic.latency * (comm->size - 1) +
                     SKIP_SCANS * comm->scan_seconds * (double)layer->count;

    return spar_verdict_keeps(seconds, layer->dense_seconds);
}

static const char *refuse_gradients(spar_guard_t guard, bool included)
{
    if (!may_carry()) {
        return "SPAR_PERIODIC=gradients needs one number as SPAR_LR";
    }
    if (included || guard == SPAR_GUARD_NONE) {
        return NULL;
    }
    return spar_guard_what(guard);
}

static const char *refuse_parameters(const spar_layer_t *layer, bool included)
{
    if (!included && layer->guard != SPAR_GUARD_PARAMETERS) {
        return layer->guard == SPAR_GUARD_NONE
                   ? "changes as gradients do, not like parameters; mode auto "
                     "is "
                     "for them"
                   : spar_guard_what(layer->guard);
    }
    if (layer->periodic.divides < 0) {
        return "out of memory";
    }
    return layer->periodic.divides == 0
               ? "parameters? not every rank divides the sum by the number of "
                 "ranks"
               : NULL;
}

/* NULL: it is periodic. */
static const char *refusal(const spar_comm_t *comm, size_t slot)
{
    const spar_layer_t *layer = &comm->layers[slot];
    bool included = spar_layer_is_included(comm, slot);
    const char *why;

    if (spar_layer_is_excluded(comm, slot)) {
        return SPAR_LAYER_EXCLUDED;
    }
    if (layer->far || spar_half_is(layer)) {
        return layer->far ? "in a device's memory" : "16 bits";
    }
    if (layer->nonblocking && !spar_post_takes_requests()) {
        return "no helper thread: non-blocking calls are passed on";
    }
    if (!spar_plan_fits(layer, comm->size)) {
        return "too large for one message";
    }
    why = spar_periodic_is_of_gradients()
              ? refuse_gradients(layer->guard, included)
              : refuse_parameters(layer, included);
    if (why == NULL && spar_engine_is_auto() && !pays(comm, layer)) {
        return "parameters; a skipped call is predicted to be no faster";
    }
    return why;
}

/* In mode auto what is no average of parameters goes its own way. */
static bool is_asked_for(const spar_comm_t *comm, size_t slot)
{
    return !spar_engine_is_auto() ||
           (comm->layers[slot].guard == SPAR_GUARD_PARAMETERS &&
            !spar_layer_is_included(comm, slot));
}

/* It has inherited what it had skipped in a step that was lost. */
static void leave_owing(spar_comm_t *comm, spar_layer_t *layer)
{
    if (layer->far || (layer->nonblocking && !spar_post_takes_requests())) {
        spar_periodic_layer_retire(layer);
        return;
    }
    layer->periodic.makes_up = layer->periodic.carries = true;
    comm->periodic.owing++;
}

static void adopt(spar_comm_t *comm, size_t slot)
{
    spar_layer_t *layer = &comm->layers[slot];
    const char *why = refusal(comm, slot);

    layer->why = why != NULL ? why : "averaged periodically";
    if (why != NULL) {
        if (layer->periodic.is_owing) {
            leave_owing(comm, layer);
        }
        return;
    }
    layer->periodic.on = true;
    layer->periodic.carries = spar_periodic_is_of_gradients();
    if (layer->periodic.carries) {
        layer->why = "gradients are made up for periodically";
        /* Without it the variance of this layer is not known: no matter. */
        (void)spar_average_reserve(&layer->periodic.average, layer->dtype,
                                   layer->count);
    }
}

static void begin(spar_comm_t *comm)
{
    const spar_config_t *config = &spar_engine.config;
    spar_periodic_rule_t rule = {.periods = config->periods,
                                 .rates = config->rates,
                                 .train_steps = config->train_steps};

    if (!comm->periodic.was_on) {
        spar_periodic_init(&comm->periodic.control, &rule);
    }
    comm->periodic.on = comm->periodic.was_on = true;
    comm->periodic.elements = 0;
    for (size_t i = 0; i < comm->layer_count; i++) {
        if (comm->layers[i].periodic.on) {
            comm->periodic.elements += comm->layers[i].count;
        }
    }
    comm->periodic.carries = spar_periodic_is_of_gradients();
    spar_info("communicator %d: %zu of %zu layers are exchanged periodically",
              comm->number, comm->periodic.layers, comm->layer_count);
}

static void warn_of_gradients(const spar_comm_t *comm)
{
    if (comm->rank == 0 && spar_periodic_is_of_gradients() && !may_carry()) {
        spar_warn("SPAR_PERIODIC=gradients is right for plain SGD with a "
                  "constant learning rate only, and needs that number as "
                  "SPAR_LR; all stays dense");
    }
}

void spar_periodic_adopt(spar_comm_t *comm)
{
    comm->periodic.layers = comm->periodic.owing = 0;
    if (!spar_periodic_is_on()) {
        return;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (is_asked_for(comm, i)) {
            adopt(comm, i);
        }
        if (layer->periodic.on) {
            comm->periodic.layers++;
        } else {
            spar_average_cleanup(&layer->periodic.average);
        }
    }
    warn_of_gradients(comm);
    if (!comm->periodic.carries) {
        comm->periodic.control.since = 0; /* all were summed while watched */
    }
    if (comm->periodic.layers > 0) {
        begin(comm);
    }
}
