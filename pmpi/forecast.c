#include "pmpi/forecast.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "pmpi/links.h"
#include "pmpi/plan.h"
#include "policy/density.h"
#include "policy/verdict.h"

#include <stdlib.h>

/* Small exchanges that are timed, and scans. */
#define LATENCY_ROUNDS 8
#define NOT_MEASURED   1e9
#define SCAN_ROUNDS    3
#define SCAN_ELEMENTS  (256u * 1024u)
/* Updating the residual and zeroing the result, in selections (bench_select).
 */
#define COMMIT_SCANS 1.5

/* Measured on numbers that are as spread as gradients are. */
double spar_forecast_measure_scan(spar_selection_t *selection)
{
    double density = spar_density_last(&spar_engine.config);
    float *gradient = malloc(SCAN_ELEMENTS * sizeof(*gradient));
    spar_selector_t selector;
    double best = NOT_MEASURED;

    if (gradient != NULL) {
        uint32_t random = 1;

        for (uint32_t i = 0; i < SCAN_ELEMENTS; i++) {
            random = random * 1664525u + 1013904223u;
            gradient[i] = (float)(int32_t)random * (float)(random >> 16);
        }
        spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32,
                           SCAN_ELEMENTS);
        for (int i = 0; i < SCAN_ROUNDS; i++) {
            double begin = spar_clock_now();

            (void)spar_selector_run(
                &selector, gradient, NULL,
                spar_density_entries(density, SCAN_ELEMENTS), selection);
            begin = spar_clock_now() - begin;
            best = begin < best ? begin : best;
        }
        free(gradient);
    }
    return best / SCAN_ELEMENTS;
}

bool spar_forecast_is_known(double seconds)
{
    return seconds < NOT_MEASURED / SCAN_ELEMENTS;
}

static bool is_among(const spar_layer_t *layer, spar_forecast_layers_t layers)
{
    return layers == SPAR_FORECAST_ALL ||
           layer->sparse == (layers == SPAR_FORECAST_SPARSE);
}

void spar_forecast_share(const spar_comm_t *comm, spar_forecast_layers_t layers,
                         double *seconds)
{
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];
    bool together[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        bytes[i] = spar_layer_buffer_bytes(&comm->layers[i]);
        together[i] =
            comm->layers[i].nonblocking && is_among(&comm->layers[i], layers);
    }
    spar_verdict_share(seconds, bytes, together, comm->layer_count);
}

spar_model_shape_t spar_forecast_shape(const spar_comm_t *comm,
                                       const spar_layer_t *layer,
                                       double density)
{
    return (spar_model_shape_t){
        .ranks = comm->size,
        .nodes = comm->node_count,
        .eager = true, /* all but the first call */
        .count = layer->count,
        .element_bytes = (unsigned)spar_dtype_size(layer->element),
        .entries = spar_density_entries(density, layer->count),
        .value_bytes =
            (double)spar_values_size(layer->values) +
            (spar_values_scaled(layer->values) ? 1.0 / SPAR_VALUES_GROUP
                                               : 0.0)};
}

static unsigned rounds(int ranks)
{
    unsigned count = 0;

    while (1 << count < ranks) {
        count++;
    }
    return count;
}

/* What a message between ranks of the communicator is likely to cost, where it
 * could not be timed. */
static const spar_prior_t *prior_of(const spar_comm_t *comm)
{
    return spar_links_prior(comm->node_count == 1 ? SPAR_LEVEL_NODE
                                                  : SPAR_LEVEL_NETWORK);
}

void spar_forecast_guess(const spar_comm_t *comm, double latency,
                         double byte_seconds, double scan_seconds,
                         spar_model_t *model_p)
{
    const spar_prior_t *prior = prior_of(comm);
    /* A small sum takes one message after the other. */
    double message = latency > 0 ? latency / rounds(comm->size) : prior->alpha;
    double rate = 1 / (byte_seconds > 0 ? byte_seconds : prior->beta);

    spar_model_guess(message, rate, model_p);
    if (comm->node_count == 1) {
        model_p->seconds[SPAR_MODEL_NODE_LATENCY] = message;
        model_p->seconds[SPAR_MODEL_NODE_BYTE] = 1 / rate;
    }
    model_p->seconds[SPAR_MODEL_SCAN] = scan_seconds;
    model_p->seconds[SPAR_MODEL_COMMIT] = COMMIT_SCANS * scan_seconds;
}

static double best_rate(const spar_comm_t *comm)
{
    double seconds[SPAR_SEQUENCE_MAX_PERIOD];
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        seconds[i] = comm->layers[i].dense_seconds;
        bytes[i] = spar_layer_buffer_bytes(&comm->layers[i]);
    }
    return spar_verdict_fit(comm->size, seconds, bytes, comm->layer_count,
                            comm->latency);
}

/* What calls under way together took is not known one by one. */
static void observe(spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];
        spar_model_shape_t shape =
            spar_forecast_shape(comm, layer, spar_plan_density(comm, layer));

        for (int m = 0; m < SPAR_METHODS && !layer->nonblocking; m++) {
            spar_model_observe(&comm->negotiation->history, (spar_method_t)m,
                               &shape, layer->seconds[m]);
        }
    }
}

void spar_forecast_fit(spar_comm_t *comm)
{
    if (comm->negotiation->fits++ == 0) {
        spar_forecast_guess(comm, comm->latency, best_rate(comm),
                            comm->scan_seconds, &comm->priors);
        comm->model = comm->priors;
        spar_debug("communicator %d: small sums take %.3f ms, dense ones "
                   "%.2f ns per byte, selection %.2f ns per element",
                   comm->number, 1e3 * comm->latency, 1e9 * best_rate(comm),
                   1e9 * comm->scan_seconds);
    }
    observe(comm);
    spar_model_fit(&comm->negotiation->history, &comm->priors, &comm->model);
}

/* Each round carries this rank's best time so far, so that the last one tells
 * the best of all ranks. */
static void begin_round(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    negotiation->values[0] = negotiation->latency;
    negotiation->begun = spar_clock_now();
    negotiation->looked_at = negotiation->begun;
    spar_agree_min(comm, negotiation->values, 1);
}

void spar_forecast_begin_latency(spar_comm_t *comm)
{
    comm->negotiation->round = 0;
    comm->negotiation->latency = NOT_MEASURED;
    begin_round(comm);
}

bool spar_forecast_progress_latency(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    double now = spar_clock_now();
    double seconds = now - negotiation->begun;
    /* Where nobody looked for most of the time, it was not the network that
     * took it. */
    bool watched = now - negotiation->looked_at < 0.5 * seconds;

    if (++negotiation->round < LATENCY_ROUNDS) {
        if (watched && seconds < negotiation->latency) {
            negotiation->latency = seconds;
        }
        begin_round(comm);
        return false;
    }
    comm->latency = negotiation->values[0] < NOT_MEASURED
                        ? negotiation->values[0]
                        : rounds(comm->size) * prior_of(comm)->alpha;
    return true;
}
