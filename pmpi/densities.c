#include "pmpi/densities.h"

#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/densities_rows.h"
#include "pmpi/engine.h"
#include "policy/density.h"

#include <math.h>

/* Gradients may become ready later by this share of a step between reviews. */
#define DRIFT_SHARE 0.001
/* Reviews in a row that speak against a second thread. */
#define DOUBTS 3

enum {
    OF_STEP, /* numbers of a step, behind those of the layers */
    OF_WAIT,
    OF_LEAST_WAIT,
    OF_COMPUTE,
    OF_END,
    OF_BUSY,
    OF_MAIN,     /* 1: rank 0's main thread makes the blocking calls; 0: not */
    OF_OVERLAPS, /* 1: rank 0 has seen a second thread; 0: not */
    STEP_NUMBERS
};

bool spar_densities_are_ruled(void)
{
    return spar_density_has_rule(&spar_engine.config) &&
           spar_engine.config.mode != SPAR_MODE_LOSSLESS &&
           !spar_engine_is_quantised() && !spar_engine_is_periodic();
}

size_t spar_densities_numbers(size_t layers)
{
    return 3 * layers + STEP_NUMBERS;
}

/* The least wait of the steps that were watched: one of the two dense methods
 * may be slow. */
static double wait_of(const spar_comm_t *comm)
{
    return spar_choose_is_watching(comm) ||
                   comm->densities.aim == SPAR_DENSITIES_NONE
               ? spar_samples_least(&comm->timeline.waits)
               : spar_samples_median(&comm->timeline.waits);
}

/* Whether this rank has ever seen what only a second thread shows. */
static bool has_shown(spar_comm_t *comm, const spar_overlap_t *overlap)
{
    spar_densities_t *densities = &comm->densities;
    double pauses = spar_samples_median(&comm->timeline.pauses);
    double step = spar_samples_median(&comm->timeline.steps);
    bool probed = spar_choose_has_probed(comm);

    if (densities->aim == SPAR_DENSITIES_NONE && !probed) {
        densities->dense_pauses = spar_engine_is_auto() ? pauses : -1;
    }
    densities->shown =
        densities->shown || spar_overlap_is_seen(overlap) ||
        (probed && densities->dense_pauses >= 0 &&
         spar_overlap_has_pauses(densities->dense_pauses, pauses, step));
    return densities->shown;
}

/* Whether this rank takes calls to overlap: those beside the main thread, as of
 * frameworks that exchange gradients while others are computed, until their
 * times speak against it. Once taken so, several times: what varies little
 * looks the same either way. Times alone are not enough: on processors that are
 * shared they may look like that by chance. */
static bool sees_overlap(spar_comm_t *comm)
{
    spar_densities_t *densities = &comm->densities;
    spar_overlap_t overlap = spar_timeline_overlap(comm);

    if (!comm->timeline.by_aside) {
        return false;
    }
    if (has_shown(comm, &overlap) || !spar_overlap_is_refuted(&overlap)) {
        densities->doubts = 0;
        return true;
    }
    densities->doubts++;
    return densities->overlaps && densities->doubts < DOUBTS;
}

/* What a main thread sums it waits for. */
static bool is_by_main(const spar_comm_t *comm)
{
    return comm->timeline.ends.count > 0 && !comm->timeline.by_aside;
}

static void note_own_times(spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];
        uint64_t calls = layer->sparse_calls - layer->select_calls_before;

        layer->beside = spar_samples_median(&layer->timing.beside);
        if (calls > 0) {
            layer->select_recent =
                (layer->select_sum - layer->select_before) / (double)calls;
        }
        layer->select_before = layer->select_sum;
        layer->select_calls_before = layer->sparse_calls;
    }
}

void spar_densities_gather(spar_comm_t *comm, double *numbers)
{
    size_t count = comm->layer_count;
    double *steps = numbers + 3 * count;
    double wait = wait_of(comm);

    for (size_t i = 0; i < count; i++) {
        const spar_timing_t *timing = &comm->layers[i].timing;

        numbers[3 * i] = -spar_samples_median(&timing->release);
        numbers[3 * i + 1] = spar_samples_median(&timing->need);
        numbers[3 * i + 2] = -spar_samples_median(&timing->wall);
    }
    steps[OF_STEP] = -spar_samples_median(&comm->timeline.steps);
    steps[OF_WAIT] = -wait;
    steps[OF_LEAST_WAIT] = wait;
    steps[OF_COMPUTE] = -spar_samples_median(&comm->timeline.computes);
    steps[OF_END] = -spar_samples_median(&comm->timeline.ends);
    steps[OF_BUSY] = spar_samples_median(&comm->timeline.busys);
    /* The least of all ranks is rank 0's. */
    steps[OF_MAIN] = is_by_main(comm) || comm->rank > 0;
    steps[OF_OVERLAPS] = sees_overlap(comm) || comm->rank > 0;
    note_own_times(comm);
    spar_timeline_forget(comm);
}

/* A second thread that is late with one call makes the next one late: the
 * earliest that was seen tells when a gradient is ready, unless the application
 * has become slower. */
static void take_wall(const spar_densities_t *densities, double seconds,
                      spar_layer_t *layer)
{
    double later = layer->wall + DRIFT_SHARE * densities->step;

    layer->wall = layer->wall > 0 ? fmin(seconds, later) : seconds;
}

void spar_densities_take(spar_comm_t *comm, const double *numbers)
{
    spar_densities_t *densities = &comm->densities;
    size_t count = comm->layer_count;
    const double *steps = numbers + 3 * count;

    densities->step = -steps[OF_STEP];
    densities->wait = -steps[OF_WAIT];
    densities->least_wait = steps[OF_LEAST_WAIT];
    densities->compute = -steps[OF_COMPUTE];
    densities->busy = steps[OF_BUSY];
    densities->by_main = steps[OF_MAIN] > 0;
    densities->overlaps = steps[OF_OVERLAPS] > 0;
    for (size_t i = 0; i < count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        layer->release = -numbers[3 * i];
        layer->need = numbers[3 * i + 1];
        take_wall(densities, -numbers[3 * i + 2], layer);
    }
    if (densities->overlaps && count > 0) {
        densities->wait =
            fmax(0, -steps[OF_END] - comm->layers[count - 1].wall);
        densities->least_wait = densities->wait;
    }
}

bool spar_densities_are_free(const spar_comm_t *comm)
{
    const spar_densities_t *densities = &comm->densities;

    return densities->step > 0 &&
           densities->wait < SPAR_DENSITIES_NOISE * densities->step;
}

void spar_densities_begin(spar_comm_t *comm)
{
    spar_agree_root(comm, &comm->negotiation->outcome,
                    sizeof(comm->negotiation->outcome));
}

void spar_densities_adopt(spar_comm_t *comm)
{
    const spar_densities_outcome_t *outcome = &comm->negotiation->outcome;
    spar_densities_t *densities = &comm->densities;
    bool changed = false;

    densities->aim = outcome->aim;
    densities->predicted = outcome->predicted;
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (layer->sparse && spar_densities_rule(layer)) {
            changed = changed || layer->density != outcome->density[i];
            layer->density = outcome->density[i];
        }
    }
    densities->version += changed;
}

double spar_densities_next(const spar_comm_t *comm, size_t slot)
{
    return comm->negotiation->outcome.density[slot];
}
