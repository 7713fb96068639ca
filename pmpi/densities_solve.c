#include "base/log.h"
#include "pmpi/densities_rows.h"
#include "pmpi/engine.h"
#include "policy/density.h"

#include <math.h>
#include <string.h>

/* Less time to hide behind than this share of a step is none. */
#define ROOM_SHARE 0.02
/* Exchanges are to end so much before they are needed. */
#define MARGIN_SHARE 0.02
/* Where nothing can be hidden, entries beyond the error that may be left may
 * take so much of a step, and so much of what sparse exchanges gain: accuracy
 * is worth that (docs/decisions.md). */
#define AFFORDED_SHARE 0.1
#define AFFORDED_GAIN  0.3
/* What the densities may add to the wait that cannot be avoided. */
#define TOLERANCE_SHARE 0.005
/* Densities rise by at most so much between two reviews: costs are measured at
 * densities nearby. */
#define GROWTH 2.0
/* Costs in the first solution, which rests on estimates. */
#define FIRST_CAUTION 1.5
/* Factor by which costs may be off in the bounds of a predicted step. */
#define COST_DOUBT 1.5
/* Bytes of a float; the paper counts words. */
#define WORD 4.0

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
    const double *seconds = comm->model.seconds;
    bool network = comm->node_count > 1;
    uint64_t counts[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        counts[i] = comm->layers[i].count;
    }
    spar_lags_paper(
        rows, comm->layer_count, counts, comm->size,
        seconds[network ? SPAR_MODEL_NETWORK_LATENCY : SPAR_MODEL_NODE_LATENCY],
        WORD *
            seconds[network ? SPAR_MODEL_NETWORK_BYTE : SPAR_MODEL_NODE_BYTE],
        next);
}

/* What ends only just in time is late in every other step. */
static void hide(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                 double *next)
{
    spar_lags_layer_t early[SPAR_SEQUENCE_MAX_PERIOD];
    double step = comm->densities.step;

    memcpy(early, rows, comm->layer_count * sizeof(early[0]));
    for (size_t i = 0; i < comm->layer_count; i++) {
        early[i].deadline =
            fmax(early[i].release, early[i].deadline - MARGIN_SHARE * step);
    }
    (void)spar_lags_hide(early, comm->layer_count, TOLERANCE_SHARE * step,
                         next);
}

/* Seconds that sparse calls gain over dense ones in a step; INFINITY: that is
 * not asked. */
static double gain(const spar_comm_t *comm, double wait)
{
    double dense = 0;

    for (size_t i = 0; i < comm->layer_count; i++) {
        dense += comm->layers[i].dense_seconds;
    }
    return spar_engine_is_auto() ? dense - wait : INFINITY;
}

/* The uniform density whose error may be left. What entries cost must have been
 * measured before more of them are sent. */
static double reference(const spar_comm_t *comm, const spar_lags_layer_t *rows)
{
    double base = spar_density_at(&spar_engine.config, 0);
    double densities[SPAR_SEQUENCE_MAX_PERIOD];
    double wait, seconds;

    for (size_t i = 0; i < comm->layer_count; i++) {
        densities[i] = fmax(rows[i].low, fmin(base, rows[i].high));
    }
    wait = spar_lags_wait(rows, comm->layer_count, densities, NULL);
    seconds = fmin(AFFORDED_SHARE * (comm->densities.compute + wait),
                   AFFORDED_GAIN * gain(comm, wait));
    return comm->densities.scale.count > 0
               ? spar_lags_afford(rows, comm->layer_count, base,
                                  fmax(0, seconds))
               : base;
}

static void solve_rows(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                       spar_densities_aim_t aim, double *next)
{
    switch (aim) {
    case SPAR_DENSITIES_HIDE:
        hide(comm, rows, next);
        break;
    case SPAR_DENSITIES_PAPER:
        solve_paper(comm, rows, next);
        break;
    default:
        spar_lags_spend(rows, comm->layer_count, reference(comm, rows), next);
    }
}

/* Waits if all costs were by a factor off. */
static double wait_if(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                      const double *densities, double factor)
{
    spar_lags_layer_t scaled[SPAR_SEQUENCE_MAX_PERIOD];
    size_t count = comm->layer_count;

    memcpy(scaled, rows, count * sizeof(scaled[0]));
    for (size_t i = 0; i < count; i++) {
        scaled[i].work *= factor;
        scaled[i].fixed *= factor;
        scaled[i].slope *= factor;
    }
    return spar_lags_wait(scaled, count, densities, NULL);
}

/* With a second thread, nobody sees when the application waits: what changes is
 * the wait behind the last gradient. The first solution is cautious on purpose;
 * a forecast should not be. */
static void predict_step(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                         const double *next)
{
    spar_densities_step_t *predicted = &comm->negotiation->outcome.predicted;
    const spar_densities_t *densities = &comm->densities;
    double likely = densities->scale.count == 0 ? 1 / FIRST_CAUTION : 1;
    double rest = densities->overlaps ? densities->step - densities->wait
                                      : densities->compute;

    predicted->wait = wait_if(comm, rows, next, likely);
    predicted->step = rest + predicted->wait;
    predicted->step_least =
        rest + wait_if(comm, rows, next, likely / COST_DOUBT);
    predicted->step_most =
        rest + wait_if(comm, rows, next, likely * COST_DOUBT);
}

/* From the densities that were measured: what is known of much larger ones is
 * a guess. Where nothing is hidden, the density of the first steps is known to
 * do. */
static void limit_growth(const spar_comm_t *comm, const spar_lags_layer_t *rows,
                         spar_densities_aim_t aim, double *next)
{
    double known = aim == SPAR_DENSITIES_SPEND
                       ? spar_density_at(&spar_engine.config, 0) / GROWTH
                       : 0;
    double measured[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        measured[i] = fmax(fmax(rows[i].low, known),
                           spar_densities_in_force(comm, &comm->layers[i]));
    }
    spar_lags_limit_growth(measured, comm->layer_count, GROWTH, next);
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

    spar_densities_learn(comm);
    spar_densities_fill(comm, rows, present);
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
    if (outcome->aim != SPAR_DENSITIES_PAPER &&
        comm->densities.scale.count > 0) {
        limit_growth(comm, rows, outcome->aim, next);
    }
    predict_step(comm, rows, next);
    tell(comm);
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
