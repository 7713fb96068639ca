#include "pmpi/choose.h"
#include "pmpi/densities_rows.h"
#include "pmpi/engine.h"

#include <math.h>

/* Bounds of the pressure, and of its change at a review. */
#define PRESSURE_UP    2.0
#define PRESSURE_DOWN  0.8
#define PRESSURE_LEAST 0.5
#define PRESSURE_MOST  8.0

/* What the network was busy for, against what it was thought to be. */
static void learn_costs(spar_comm_t *comm)
{
    spar_densities_t *densities = &comm->densities;
    spar_lags_scale_review_t review = {.busy = densities->busy};

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];
        spar_lags_layer_t row = {.low = spar_engine.config.density_min};

        if (layer->sparse && spar_densities_rule(layer)) {
            spar_densities_model(comm, layer, &row);
            review.fixed += row.fixed;
            review.slope += row.slope * spar_densities_in_force(comm, layer);
        }
    }
    spar_lags_scale_add(&densities->scale, &review);
}

/* Waits that are longer than predicted tell of costs that are not modelled:
 * entries are taken to be so much dearer, or cheaper if waits are shorter.
 * Ranks wait for slower ones as well, so only waits of all of them, or of none,
 * tell something; where nothing hides, not even those. */
static void learn_pressure(spar_comm_t *comm, const spar_lags_layer_t *rows)
{
    spar_densities_t *densities = &comm->densities;
    double present[SPAR_SEQUENCE_MAX_PERIOD];
    double window = rows[comm->layer_count - 1].release;
    double expected, waited, factor;

    if (densities->aim != SPAR_DENSITIES_HIDE) {
        densities->pressure = 1;
        return;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        present[i] = fmax(rows[i].low,
                          fmin(spar_densities_in_force(comm, &comm->layers[i]),
                               rows[i].high));
    }
    expected = spar_lags_wait(rows, comm->layer_count, present, NULL);
    waited = fmax(densities->least_wait, fmin(expected, densities->wait));
    if (window <= 0 ||
        fabs(waited - expected) < SPAR_DENSITIES_NOISE * densities->step) {
        return;
    }
    factor = (window + waited) / (window + expected);
    factor = fmax(PRESSURE_DOWN, fmin(factor, PRESSURE_UP));
    densities->pressure =
        fmax(PRESSURE_LEAST, fmin(factor * densities->pressure, PRESSURE_MOST));
}

/* From the exchanges since the last review, if there were any. */
void spar_densities_learn(spar_comm_t *comm)
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
    spar_densities_fill(comm, rows, present);
    learn_pressure(comm, rows);
}
