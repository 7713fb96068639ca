#include "pmpi/densities.h"

#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "policy/density.h"

#include <math.h>
#include <string.h>

/* Less time to hide behind than this share of a step is none. */
#define ROOM_SHARE 0.02
/* Waits below this share of a step do not count: they are noise. */
#define FREE_SHARE 0.02
/* Gradients may become ready later by this share of a step between reviews. */
#define DRIFT_SHARE 0.01
/* What the densities may add to the wait that cannot be avoided. */
#define TOLERANCE_SHARE 0.005
/* Densities rise by at most so much between two reviews: costs are measured at
 * densities nearby. */
#define GROWTH 2.0
/* Costs in the first solution, which rests on estimates. */
#define FIRST_CAUTION 1.5
/* Bounds of the pressure, and of its change at a review. */
#define PRESSURE_UP    2.0
#define PRESSURE_DOWN  0.8
#define PRESSURE_LEAST 0.5
#define PRESSURE_MOST  8.0
/* Factor by which costs may be off in the bounds of a predicted step. */
#define COST_DOUBT 1.5
/* Elements of a float's size in bytes; the paper counts words. */
#define WORD 4.0

enum {
    OF_STEP, /* numbers of a step, behind those of the layers */
    OF_WAIT,
    OF_COMPUTE,
    OF_END,
    OF_BUSY,
    STEP_NUMBERS
};

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

void spar_densities_gather(spar_comm_t *comm, double *numbers)
{
    size_t count = comm->layer_count;
    double *steps = numbers + 3 * count;

    for (size_t i = 0; i < count; i++) {
        const spar_timing_t *timing = &comm->layers[i].timing;

        numbers[3 * i] = -spar_samples_median(&timing->release);
        numbers[3 * i + 1] = spar_samples_median(&timing->need);
        numbers[3 * i + 2] = -spar_samples_median(&timing->wall);
    }
    steps[OF_STEP] = -spar_samples_median(&comm->timeline.steps);
    steps[OF_WAIT] = -wait_of(comm);
    steps[OF_COMPUTE] = -spar_samples_median(&comm->timeline.computes);
    steps[OF_END] = -spar_samples_median(&comm->timeline.ends);
    steps[OF_BUSY] = spar_samples_median(&comm->timeline.busys);
    comm->densities.overlaps =
        comm->densities.overlaps || spar_timeline_overlaps(comm);
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
    densities->compute = -steps[OF_COMPUTE];
    densities->busy = steps[OF_BUSY];
    for (size_t i = 0; i < count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        layer->release = -numbers[3 * i];
        layer->need = numbers[3 * i + 1];
        take_wall(densities, -numbers[3 * i + 2], layer);
    }
    if (densities->overlaps && count > 0) {
        densities->wait =
            fmax(0, -steps[OF_END] - comm->layers[count - 1].wall);
    }
}

bool spar_densities_are_free(const spar_comm_t *comm)
{
    const spar_densities_t *densities = &comm->densities;

    return densities->step > 0 &&
           densities->wait < FREE_SHARE * densities->step;
}

/* ---- rank 0 ---- */

static bool is_ruled(const spar_layer_t *layer)
{
    return !layer->natural && !layer->few &&
           layer->select != SPAR_SELECT_NONZERO;
}

/* The energy of the residual that its selection would leave at density 1:
 * sending one entry more takes threshold^2 from the residual, and energy /
 * density must fall by as much. 0: nothing was selected yet. */
static double energy_of(const spar_layer_t *layer)
{
    double sum = 0;

    for (unsigned i = 0; i < layer->piece_count; i++) {
        const spar_selector_t *selector =
            &(i == 0 ? &layer->piece : &layer->more[i - 1])->selector;
        double sent = (double)selector->last_k;

        sum += selector->n > 0 ? selector->threshold * selector->threshold *
                                     sent * sent / (double)selector->n
                               : 0;
    }
    return sum;
}

static double predict(const spar_comm_t *comm, const spar_layer_t *layer,
                      double density)
{
    spar_model_shape_t shape = spar_forecast_shape(comm, layer, density);
    spar_model_ranking_t ranking;
    spar_method_t method = layer->trial.method;

    if ((SPAR_METHOD_BIT(method) & SPAR_METHOD_SPARSE) == 0) {
        method = spar_model_choose(&comm->model, &shape,
                                   spar_choose_allowed(comm), &ranking);
    }
    return spar_model_predict(&comm->model, method, &shape);
}

static void fill_times(const spar_comm_t *comm, const spar_layer_t *layer,
                       spar_lags_layer_t *row)
{
    bool overlaps = comm->densities.overlaps && !layer->nonblocking;
    const spar_layer_t *last = &comm->layers[comm->layer_count - 1];

    row->release = overlaps ? layer->wall : layer->release;
    row->deadline = overlaps             ? last->wall
                    : layer->nonblocking ? layer->need
                                         : layer->release;
}

/* The selection is the processor's business, all else is the network's or goes
 * on beside it. By the cost model alone. */
static void fill_model_costs(const spar_comm_t *comm, const spar_layer_t *layer,
                             spar_lags_layer_t *row)
{
    double low = predict(comm, layer, row->low);
    double high = predict(comm, layer, spar_engine.config.density_max);
    double range = spar_engine.config.density_max - row->low;

    double scan = comm->scan_seconds * (double)layer->count;

    row->work = layer->sparse_calls > 0
                    ? layer->select_sum / (double)layer->sparse_calls
                    : scan;
    row->slope = range > 0 ? fmax(0, high - low) / range : 0;
    row->fixed = fmax(0, low - row->slope * row->low - scan);
}

static void fill_costs(const spar_comm_t *comm, const spar_layer_t *layer,
                       spar_lags_layer_t *row)
{
    const spar_densities_t *densities = &comm->densities;

    fill_model_costs(comm, layer, row);
    row->fixed *= densities->pressure * densities->scale.fixed;
    row->slope *= densities->pressure * densities->scale.slope;
}

/* One that stays dense takes its time whatever the others do. */
static void fill_dense(const spar_layer_t *layer, spar_lags_layer_t *row)
{
    row->low = 1;
    row->high = 1;
    row->fixed = layer->dense_seconds;
}

/* With more than what is as slow as its dense call a layer may as well send
 * all; what waits for nothing costs nothing at any density. */
static double highest(const spar_comm_t *comm, const spar_layer_t *layer)
{
    const spar_config_t *config = &spar_engine.config;
    spar_model_shape_t shape =
        spar_forecast_shape(comm, layer, config->density_min);
    double high = config->density_max;

    if (spar_engine_is_auto() && !layer->nonblocking &&
        layer->trial.count > 0 && layer->dense_seconds > 0) {
        high = fmin(high, spar_model_break_even(
                              &comm->model, &shape, layer->trial.method,
                              SPAR_METHOD_BIT(layer->trial.dense)));
    }
    return fmax(high, config->density_min);
}

static void fill_row(const spar_comm_t *comm, const spar_layer_t *layer,
                     bool may_be_sparse, spar_lags_layer_t *row)
{
    *row = (spar_lags_layer_t){0};
    fill_times(comm, layer, row);
    if (!may_be_sparse || !is_ruled(layer)) {
        fill_dense(layer, row);
        return;
    }
    row->low = spar_engine.config.density_min;
    row->high = highest(comm, layer);
    row->energy = energy_of(layer);
    fill_costs(comm, layer, row);
}

/* The density that the measurements are of. */
static double density_in_force(const spar_comm_t *comm,
                               const spar_layer_t *layer)
{
    return spar_choose_has_probed(comm) && !layer->nonblocking
               ? spar_engine.config.density_min
               : layer->density;
}

/* What the network was busy for, against what it was thought to be. */
static void learn_costs(spar_comm_t *comm)
{
    spar_densities_t *densities = &comm->densities;
    spar_lags_scale_review_t review = {.busy = densities->busy};

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];
        spar_lags_layer_t row = {.low = spar_engine.config.density_min};

        if (layer->sparse && is_ruled(layer)) {
            fill_model_costs(comm, layer, &row);
            review.fixed += row.fixed;
            review.slope += row.slope * density_in_force(comm, layer);
        }
    }
    spar_lags_scale_add(&densities->scale, &review);
}

/* Waits that are longer than predicted tell of costs that are not modelled: all
 * exchanges are taken to be so much dearer, or cheaper if they are shorter. */
static void learn_pressure(spar_comm_t *comm, const spar_lags_layer_t *rows)
{
    spar_densities_t *densities = &comm->densities;
    double present[SPAR_SEQUENCE_MAX_PERIOD];
    double window = rows[comm->layer_count - 1].release;
    double expected, factor;

    for (size_t i = 0; i < comm->layer_count; i++) {
        present[i] =
            fmax(rows[i].low,
                 fmin(density_in_force(comm, &comm->layers[i]), rows[i].high));
    }
    expected = spar_lags_wait(rows, comm->layer_count, present, NULL);
    if (window <= 0 ||
        fabs(densities->wait - expected) < FREE_SHARE * densities->step) {
        return;
    }
    factor = (window + densities->wait) / (window + expected);
    factor = fmax(PRESSURE_DOWN, fmin(factor, PRESSURE_UP));
    densities->pressure =
        fmax(PRESSURE_LEAST, fmin(factor * densities->pressure, PRESSURE_MOST));
}

static double room_to_hide(const spar_lags_layer_t *rows, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++) {
        most = fmax(most, rows[i].deadline - rows[i].release);
    }
    return most;
}

static spar_densities_aim_t choose_aim(const spar_comm_t *comm,
                                       const spar_lags_layer_t *rows)
{
    if (spar_engine.config.density_rule == SPAR_CONFIG_DENSITY_PAPER) {
        return SPAR_DENSITIES_PAPER;
    }
    return room_to_hide(rows, comm->layer_count) >
                   ROOM_SHARE * comm->densities.step
               ? SPAR_DENSITIES_HIDE
               : SPAR_DENSITIES_SPEND;
}

/* The paper counts words of four bytes: the index, and the value. */
static void solve_paper(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                        double *next)
{
    uint64_t counts[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        counts[i] = comm->layers[i].count;
    }
    spar_lags_paper(
        rows, comm->layer_count, counts, comm->size, comm->latency,
        WORD *
            comm->model.seconds[comm->node_count > 1 ? SPAR_MODEL_NETWORK_BYTE
                                                     : SPAR_MODEL_NODE_BYTE],
        next);
}

static void solve_rows(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                       spar_densities_aim_t aim, double *next)
{
    switch (aim) {
    case SPAR_DENSITIES_HIDE:
        (void)spar_lags_hide(rows, comm->layer_count,
                             TOLERANCE_SHARE * comm->densities.step, next);
        break;
    case SPAR_DENSITIES_PAPER:
        solve_paper(comm, rows, next);
        break;
    default:
        spar_lags_spend(rows, comm->layer_count,
                        spar_density_at(&spar_engine.config, 0), next);
    }
}

static void fill_rows(const spar_comm_t *comm, spar_lags_layer_t *rows,
                      double *present)
{
    bool first = comm->densities.aim == SPAR_DENSITIES_NONE;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        fill_row(comm, layer, first || layer->sparse, &rows[i]);
        present[i] = fmin(fmax(layer->density, rows[i].low), rows[i].high);
        /* Medians of different steps, or of the slowest ranks, may cross. */
        if (i > 0 && rows[i].release < rows[i - 1].release) {
            rows[i].release = rows[i - 1].release;
        }
        rows[i].deadline = fmax(rows[i].deadline, rows[i].release);
    }
}

/* Waits if all costs were by a factor off. */
static double wait_if(const spar_lags_layer_t *rows, size_t count,
                      const double *next, double factor)
{
    spar_lags_layer_t scaled[SPAR_SEQUENCE_MAX_PERIOD];

    memcpy(scaled, rows, count * sizeof(scaled[0]));
    for (size_t i = 0; i < count; i++) {
        scaled[i].work *= factor;
        scaled[i].fixed *= factor;
        scaled[i].slope *= factor;
    }
    return spar_lags_wait(scaled, count, next, NULL);
}

/* With a second thread, nobody sees when the application waits: what changes is
 * the wait behind the last gradient. */
static void predict_step(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                         const double *present, const double *next)
{
    spar_densities_outcome_t *outcome = &comm->negotiation->outcome;
    const spar_densities_t *densities = &comm->densities;
    size_t count = comm->layer_count;
    double rest =
        densities->overlaps
            ? densities->step - spar_lags_wait(rows, count, present, NULL)
            : densities->compute;

    outcome->predicted.wait = spar_lags_wait(rows, count, next, NULL);
    outcome->predicted.step = rest + outcome->predicted.wait;
    outcome->predicted.step_least =
        rest + wait_if(rows, count, next, 1 / COST_DOUBT);
    outcome->predicted.step_most =
        rest + wait_if(rows, count, next, COST_DOUBT);
}

/* From the exchanges since the last review, if there were any. */
static void learn(spar_comm_t *comm)
{
    spar_densities_t *densities = &comm->densities;
    spar_lags_layer_t rows[SPAR_SEQUENCE_MAX_PERIOD];
    double present[SPAR_SEQUENCE_MAX_PERIOD];

    if (densities->busy <= 0) {
        return;
    }
    if (densities->scale.count == 0) {
        densities->pressure = 1;
    }
    learn_costs(comm);
    fill_rows(comm, rows, present);
    learn_pressure(comm, rows);
}

static void tell(const spar_comm_t *comm)
{
    const spar_densities_t *densities = &comm->densities;
    const spar_densities_outcome_t *outcome = &comm->negotiation->outcome;

    spar_debug("densities: step %.2f ms, blocked %.2f, network busy %.2f; "
               "costs x (%.2f, %.2f), pressure %.2f; predicted: step %.2f, "
               "blocked %.2f",
               1e3 * densities->step, 1e3 * densities->wait,
               1e3 * densities->busy, densities->scale.fixed,
               densities->scale.slope, densities->pressure,
               1e3 * outcome->predicted.step, 1e3 * outcome->predicted.wait);
}

static void solve(spar_comm_t *comm, double *next)
{
    spar_densities_outcome_t *outcome = &comm->negotiation->outcome;
    spar_lags_layer_t rows[SPAR_SEQUENCE_MAX_PERIOD];
    double present[SPAR_SEQUENCE_MAX_PERIOD];
    size_t count = comm->layer_count;
    double step = comm->densities.step;
    bool same;

    learn(comm);
    fill_rows(comm, rows, present);
    if (spar_lags_check(rows, count) != SPAR_OK) {
        spar_debug("densities stay: the measurements of a step make no sense");
        return;
    }
    outcome->aim = choose_aim(comm, rows);
    solve_rows(comm, rows, outcome->aim, next);
    same = outcome->aim == comm->densities.aim;
    if (same && !spar_lags_is_better(present, next, rows, count,
                                     TOLERANCE_SHARE * step, step)) {
        memcpy(next, present, count * sizeof(next[0]));
    }
    if (same) {
        spar_lags_limit_growth(present, count, GROWTH, next);
    }
    predict_step(comm, rows, present, next);
    tell(comm);
    outcome->overlaps = comm->densities.overlaps;
}

void spar_densities_solve(spar_comm_t *comm)
{
    spar_densities_outcome_t *outcome = &comm->negotiation->outcome;
    spar_densities_t *densities = &comm->densities;

    *outcome = (spar_densities_outcome_t){.aim = densities->aim};
    for (size_t i = 0; i < comm->layer_count; i++) {
        outcome->density[i] = comm->layers[i].density;
    }
    if (densities->step <= 0) {
        return; /* nothing was measured yet */
    }
    if (densities->aim == SPAR_DENSITIES_NONE) {
        spar_lags_scale_init(&densities->scale);
        densities->pressure = FIRST_CAUTION;
    }
    solve(comm, outcome->density);
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
    densities->overlaps = outcome->overlaps;
    densities->predicted = outcome->predicted;
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (layer->sparse && is_ruled(layer)) {
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
