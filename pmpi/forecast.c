#include "pmpi/forecast.h"

#include "base/clock.h"
#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "policy/density.h"

#include <stdlib.h>

/* Small exchanges that are timed, and scans. */
#define LATENCY_ROUNDS 8
#define SCAN_ROUNDS    3
#define SCAN_ELEMENTS  (256u * 1024u)
/* A sparse call sweeps the layer twice (selection; residual and zeroing), and
 * adds the blocks. */
#define LOCAL_SWEEPS 2.5

static double measure_latency(spar_comm_t *comm)
{
    double best = 1e9;

    for (int i = 0; i < LATENCY_ROUNDS; i++) {
        double begin = spar_clock_now();
        double value = 0;

        spar_agree_min(comm, &value, 1);
        begin = spar_clock_now() - begin;
        best = begin < best ? begin : best;
    }
    return best;
}

/* Seconds per element of one selection, of the slowest rank; measured on
 * numbers that are as spread as gradients are. */
static double measure_scan(spar_comm_t *comm)
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
                spar_density_entries(density, SCAN_ELEMENTS), &comm->selection);
            begin = spar_clock_now() - begin;
            best = begin < best ? begin : best;
        }
        free(gradient);
    }
    best = -best;
    spar_agree_min(comm, &best, 1);
    return -best / SCAN_ELEMENTS;
}

static uint64_t payload_estimate(const spar_layer_t *layer, double density)
{
    uint64_t entries = spar_density_entries(density, layer->count);

    /* Distances travel in one byte above a density of about 1/100. */
    return entries *
           (spar_values_size(layer->values) + (density < 0.01 ? 2 : 1));
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
                                payload_estimate(layer, density));
}

void spar_forecast_fit(spar_comm_t *comm, const double *dense_seconds)
{
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];
    double scan = measure_scan(comm);

    for (size_t i = 0; i < comm->layer_count; i++) {
        bytes[i] = spar_layer_bytes(&comm->layers[i]);
    }
    comm->link.ranks = comm->size;
    comm->link.latency = measure_latency(comm);
    comm->link.seconds_per_byte =
        spar_verdict_fit(comm->size, dense_seconds, bytes, comm->layer_count,
                         comm->link.latency);
    comm->local_seconds = LOCAL_SWEEPS * scan;
    /* The latency was measured here alone: rank 0's holds. */
    spar_agree_root(comm, &comm->link, sizeof(comm->link));
}
