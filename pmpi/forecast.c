#include "pmpi/forecast.h"

#include "base/clock.h"
#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "policy/density.h"
#include "sparsify/wire.h"

#include <stdlib.h>

/* Small exchanges that are timed, and scans. */
#define LATENCY_ROUNDS 8
#define NOT_MEASURED   1e9
#define LIKELY_LATENCY 1e-4
#define SCAN_ROUNDS    3
#define SCAN_ELEMENTS  (256u * 1024u)
/* A sparse call sweeps the layer twice (selection; residual and zeroing), and
 * adds the blocks. */
#define LOCAL_SWEEPS 2.5

/* Measured on numbers that are as spread as gradients are. */
double spar_forecast_measure_scan(spar_selection_t *selection)
{
    const spar_config_t *config = &spar_engine.config;
    double density = config->density[config->density_count - 1];
    float *gradient = malloc(SCAN_ELEMENTS * sizeof(*gradient));
    spar_selector_t selector;
    double best = 1e9;

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

double spar_forecast_local(double scan_seconds)
{
    return LOCAL_SWEEPS * scan_seconds;
}

void spar_forecast_set_scan(spar_comm_t *comm, double seconds)
{
    comm->local_seconds = spar_forecast_local(seconds);
}

void spar_forecast_share(const spar_comm_t *comm, bool only_sparse,
                         double *seconds)
{
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];
    bool together[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        bytes[i] = spar_layer_bytes(&comm->layers[i]);
        together[i] = comm->layers[i].nonblocking &&
                      (comm->layers[i].sparse || !only_sparse);
    }
    spar_verdict_share(seconds, bytes, together, comm->layer_count);
}

uint64_t spar_forecast_payload(const spar_layer_t *layer, double density)
{
    uint64_t entries = spar_density_entries(density, layer->count);

    return spar_wire_payload_bound(layer->values, layer->count, entries);
}

/* Spar's own ring: 2 (P-1) messages, 2 n (P-1)/P elements. */
static double predict_ring(const spar_comm_t *comm, const spar_layer_t *layer)
{
    double volume =
        2.0 * (double)spar_layer_bytes(layer) * (comm->size - 1) / comm->size;

    return 2 * (comm->size - 1) * comm->link.latency +
           volume * comm->link.seconds_per_byte;
}

double spar_forecast_seconds(const spar_comm_t *comm, const spar_layer_t *layer,
                             double density)
{
    if (spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE) {
        return predict_ring(comm, layer);
    }
    return spar_verdict_predict(&comm->link,
                                comm->local_seconds * (double)layer->count,
                                spar_forecast_payload(layer, density));
}

static void fit_link(spar_comm_t *comm)
{
    double seconds[SPAR_SEQUENCE_MAX_PERIOD];
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        seconds[i] = comm->layers[i].dense_seconds;
        bytes[i] = spar_layer_bytes(&comm->layers[i]);
    }
    comm->link.ranks = comm->size;
    comm->link.latency = comm->negotiation->latency;
    comm->link.seconds_per_byte = spar_verdict_fit(
        comm->size, seconds, bytes, comm->layer_count, comm->link.latency);
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
    negotiation->latency = negotiation->values[0] < NOT_MEASURED
                               ? negotiation->values[0]
                               : LIKELY_LATENCY;
    fit_link(comm);
    return true;
}
