#include "pmpi/plan.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/inherit.h"
#include "policy/density.h"
#include "sparsify/wire.h"

#include <stdlib.h>
#include <string.h>

/* Steps between two reviews. */
#define REVIEW_STEPS 16
/* Dense steps after learning in which the content is watched, mode auto. */
#define WATCH_STEPS (SPAR_CONTENT_LOOKS + 1)
/* Small exchanges that are timed, and scans. */
#define LATENCY_ROUNDS 8
#define SCAN_ROUNDS    3
#define SCAN_ELEMENTS  (256u * 1024u)
/* A sparse call sweeps the layer twice (selection; residual and zeroing), and
 * adds the blocks. */
#define LOCAL_SWEEPS 2.5

/* Errors on the shadow are errors of the job's network: nothing can be agreed
 * on any more. */
static void must(int code, const char *what)
{
    if (code != MPI_SUCCESS) {
        spar_error("%s failed on the shadow communicator", what);
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
}

static void agree_min(spar_comm_t *comm, double *values, size_t count)
{
    must(spar_real.Allreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE,
                             MPI_MIN, comm->shadow),
         "agreement on measured times");
}

static double measure_latency(spar_comm_t *comm)
{
    double best = 1e9;

    for (int i = 0; i < LATENCY_ROUNDS; i++) {
        double begin = spar_clock_now();
        double value = 0;

        agree_min(comm, &value, 1);
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
    agree_min(comm, &best, 1);
    return -best / SCAN_ELEMENTS;
}

/* Entries leave as one message per peer, of at most 2^31 - 1 bytes. */
static bool fits_messages(const spar_layer_t *layer)
{
    return layer->count <= UINT32_MAX &&
           spar_wire_payload_bound(layer->values, layer->count, layer->count) <
               INT32_MAX;
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

static double predict(const spar_comm_t *comm, const spar_layer_t *layer,
                      double density)
{
    if (spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE) {
        return predict_ring(comm, layer);
    }
    return spar_verdict_predict(&comm->link,
                                comm->local_seconds * (double)layer->count,
                                payload_estimate(layer, density));
}

static void fit_link(spar_comm_t *comm, const double *seconds)
{
    uint64_t bytes[SPAR_SEQUENCE_MAX_PERIOD];
    double scan = measure_scan(comm);

    for (size_t i = 0; i < comm->layer_count; i++) {
        bytes[i] = spar_layer_bytes(&comm->layers[i]);
    }
    comm->link.ranks = comm->size;
    comm->link.latency = measure_latency(comm);
    comm->link.seconds_per_byte = spar_verdict_fit(
        comm->size, seconds, bytes, comm->layer_count, comm->link.latency);
    comm->local_seconds = LOCAL_SWEEPS * scan;
    /* The latency was measured here alone: rank 0's holds. */
    must(spar_real.Bcast(&comm->link, sizeof(comm->link), MPI_BYTE, 0,
                         comm->shadow),
         "broadcast of the link's speed");
}

static void judge_layer(spar_comm_t *comm, spar_layer_t *layer)
{
    const spar_config_t *config = &spar_engine.config;

    layer->predicted_seconds =
        predict(comm, layer, config->density[config->density_count - 1]);
    if (!fits_messages(layer)) {
        layer->why = "too large for one message";
    } else if (config->mode == SPAR_MODE_DENSE) {
        layer->why = "mode dense";
    } else if (config->mode != SPAR_MODE_AUTO) {
        layer->sparse = true;
        layer->why = "mode asks for it";
    } else if (spar_verdict_pays(layer->predicted_seconds,
                                 layer->dense_seconds)) {
        layer->sparse = true;
        layer->why = "predicted faster";
    } else {
        layer->why = "dense is predicted faster";
    }
    layer->flush = layer->owes && !layer->sparse;
}

static void replace_layers(spar_comm_t *comm)
{
    size_t count = comm->sequence->period;
    size_t old_count = comm->layer_count;
    spar_layer_t *old = comm->layers;
    spar_layer_t *layers = calloc(count, sizeof(*layers));

    if (layers == NULL) {
        spar_error("out of memory: %zu layers cannot be managed", count);
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        spar_layer_init(&layers[i], &spar_engine.config,
                        comm->sequence->slots[i].dtype,
                        comm->sequence->slots[i].count);
        layers[i].address = spar_sequence_address(comm->sequence, i);
        layers[i].flushed_epoch = atomic_load(&spar_engine.flush_epoch);
    }
    comm->layers = layers;
    comm->layer_count = count;
    spar_inherit(comm, old, old_count);
}

/* The ring's scratch must be there on all ranks or not be used at all. */
static bool reserve_ring(spar_comm_t *comm)
{
    double ok = 1;

    for (size_t i = 0; i < comm->layer_count; i++) {
        if (spar_ring_reserve(comm->ring, comm->layers[i].dtype,
                              comm->layers[i].count) != SPAR_OK) {
            ok = 0;
        }
    }
    agree_min(comm, &ok, 1);
    return ok > 0;
}

static void note_where_it_pays(spar_comm_t *comm)
{
    comm->pays_nowhere = true;
    for (size_t i = 0; i < comm->layer_count; i++) {
        comm->pays_nowhere &= !comm->layers[i].sparse;
    }
}

static void judge_layers(spar_comm_t *comm)
{
    double seconds[SPAR_SEQUENCE_MAX_PERIOD];
    bool ring_failed =
        spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE &&
        !reserve_ring(comm);

    for (size_t i = 0; i < comm->layer_count; i++) {
        seconds[i] = spar_sequence_learnt_seconds(comm->sequence, i);
    }
    agree_min(comm, seconds, comm->layer_count);
    fit_link(comm, seconds);
    for (size_t i = 0; i < comm->layer_count; i++) {
        comm->layers[i].dense_seconds = seconds[i];
        judge_layer(comm, &comm->layers[i]);
        if (ring_failed) {
            comm->layers[i].sparse = false;
            comm->layers[i].why = "out of memory";
        }
    }
    note_where_it_pays(comm);
}

/* Steps since the sequence is known, from 0. */
static uint64_t first_steady_step(void)
{
    uint64_t ramp = spar_density_ramp_end(&spar_engine.config) + 1;

    switch ((spar_mode_t)spar_engine.config.mode) {
    case SPAR_MODE_DENSE:
    case SPAR_MODE_OFF:
        return 0;
    case SPAR_MODE_AUTO:
        return WATCH_STEPS + ramp;
    case SPAR_MODE_SPARSE:
    case SPAR_MODE_LOSSLESS:
        break;
    }
    return ramp;
}

spar_sequence_place_t spar_plan_make(spar_comm_t *comm, size_t proposal)
{
    uint64_t judgement[2] = {0, 0};
    spar_sequence_place_t place;

    if (comm->rank == 0) {
        size_t first;

        judgement[0] = spar_sequence_judge(comm->sequence, proposal, &first);
        judgement[1] = first;
    }
    must(spar_real.Bcast(judgement, 2, MPI_UINT64_T, 0, comm->shadow),
         "broadcast of the plan");
    place = spar_sequence_adopt(comm->sequence, judgement[0], judgement[1]);
    comm->plan++;
    replace_layers(comm);
    judge_layers(comm);
    comm->steps.count = 0;
    comm->steps.last_begin = 0;
    comm->steps.steady_started = false;
    comm->steps.steady_steps = 0;
    comm->steps.steady_from = first_steady_step();
    spar_info("learnt a step of %zu calls on communicator %d (plan %u)",
              comm->layer_count, comm->number, comm->plan);
    return place;
}

void spar_plan_drop(spar_comm_t *comm)
{
    comm->lost++;
    comm->steps.last_begin = 0;
    spar_info("the sequence of calls on communicator %d changed: learning "
              "again",
              comm->number);
}

static void take_back(spar_comm_t *comm, spar_layer_t *layer)
{
    layer->sparse = false;
    layer->flush = layer->owes;
    layer->why = "sparse proved slower";
    comm->plan++;
}

static bool is_watching(const spar_comm_t *comm)
{
    return spar_engine.config.mode == SPAR_MODE_AUTO &&
           comm->sequence->steps <= WATCH_STEPS;
}

void spar_plan_watch(const spar_comm_t *comm, spar_layer_t *layer,
                     const void *result)
{
    if (comm->rank == 0 && layer->sparse && is_watching(comm)) {
        spar_content_look(&layer->content, layer->dtype, result, layer->count);
    }
}

/* What rank 0 saw holds for all. */
static void judge_content(spar_comm_t *comm)
{
    char steady[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        steady[i] = (char)spar_content_is_steady(&comm->layers[i].content);
    }
    must(spar_real.Bcast(steady, (int)comm->layer_count, MPI_CHAR, 0,
                         comm->shadow),
         "broadcast of what the layers are");
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (steady[i] && layer->sparse) {
            layer->sparse = false;
            layer->flush = layer->owes;
            layer->why = "changes little, like parameters; SPAR_MODE=sparse "
                         "sends it sparsely all the same";
        }
    }
    note_where_it_pays(comm);
}

void spar_plan_review(spar_comm_t *comm)
{
    double seconds[SPAR_SEQUENCE_MAX_PERIOD];

    uint64_t steps = comm->sequence->steps;

    if (spar_engine.config.mode == SPAR_MODE_AUTO && !comm->pays_nowhere &&
        steps == WATCH_STEPS + 1) {
        judge_content(comm);
    }
    /* The ramp's early stages are slower than what is to be judged. */
    if (spar_engine.config.mode != SPAR_MODE_AUTO || comm->pays_nowhere ||
        steps % REVIEW_STEPS != 0 ||
        steps < spar_density_ramp_end(&spar_engine.config) + REVIEW_STEPS) {
        return;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        seconds[i] = spar_layer_typical_seconds(&comm->layers[i]);
    }
    agree_min(comm, seconds, comm->layer_count);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        layer->sample_count = 0;
        if (!layer->sparse || seconds[i] <= 0) {
            continue;
        }
        if (spar_verdict_review(seconds[i], layer->dense_seconds,
                                &layer->losses)) {
            take_back(comm, layer);
        }
    }
    note_where_it_pays(comm);
}

double spar_plan_density(const spar_comm_t *comm)
{
    uint64_t steps = comm->sequence->steps;
    uint64_t first =
        spar_engine.config.mode == SPAR_MODE_AUTO ? WATCH_STEPS + 1 : 1;

    return spar_density_at(&spar_engine.config,
                           steps > first ? steps - first : 0);
}

bool spar_plan_takes(const spar_comm_t *comm, const spar_layer_t *layer)
{
    /* What is owed must be delivered or carried on. */
    if (layer->flush || layer->owes) {
        return true;
    }
    if (!layer->sparse || is_watching(comm)) {
        return false;
    }
    /* Early, dense stages of a ramp may not pay although the last one does. */
    return spar_engine.config.mode != SPAR_MODE_AUTO ||
           spar_verdict_pays(predict(comm, layer, spar_plan_density(comm)),
                             layer->dense_seconds);
}
