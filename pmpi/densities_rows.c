#include "pmpi/densities_rows.h"

#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "pmpi/layer_choice.h"
#include "policy/density.h"

#include <math.h>

/* A call that stays sparse is to take less than so much of the dense one:
 * verdicts (policy/verdict.h) leave it no more. */
#define WORTH 0.8

bool spar_densities_rule(const spar_layer_t *layer)
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

    row->release =
        overlaps ? fmax(0, layer->wall - layer->beside) : layer->release;
    row->deadline = overlaps             ? last->wall
                    : layer->nonblocking ? layer->need
                                         : layer->release;
}

/* Selecting is the processor's business, all else is the network's or goes on
 * beside it. By the cost model alone. */
void spar_densities_model(const spar_comm_t *comm, const spar_layer_t *layer,
                          spar_lags_layer_t *row)
{
    double low = predict(comm, layer, row->low);
    double high = predict(comm, layer, spar_engine.config.density_max);
    double range = spar_engine.config.density_max - row->low;

    row->work = comm->scan_seconds * (double)layer->count;
    row->slope = range > 0 ? fmax(0, high - low) / range : 0;
    row->fixed = fmax(0, low - row->slope * row->low - row->work);
}

/* What a selection takes beyond the scan grows with the entries. Pressure makes
 * entries dearer, not exchanges: otherwise more waiting would seem unavoidable,
 * and more entries free. */
static void fill_costs(const spar_comm_t *comm, const spar_layer_t *layer,
                       spar_lags_layer_t *row)
{
    const spar_densities_t *densities = &comm->densities;

    spar_densities_model(comm, layer, row);
    row->fixed *= densities->scale.fixed;
    row->slope *= densities->pressure * densities->scale.slope;
    if (layer->select_recent > row->work) {
        row->slope += (layer->select_recent - row->work) /
                      spar_densities_in_force(comm, layer);
    } else if (layer->select_recent > 0) {
        row->work = layer->select_recent;
    }
}

/* A thread does one thing after the other: small calls, selection, exchange. */
static void fill_thread(const spar_layer_t *layer, spar_lags_layer_t *row)
{
    row->fixed += row->work + layer->beside;
    row->work = 0;
}

/* One that stays dense takes its time whatever the others do. */
static void fill_dense(const spar_layer_t *layer, spar_lags_layer_t *row)
{
    row->low = 1;
    row->high = 1;
    row->fixed = layer->dense_seconds;
}

/* The largest density at which a call is worth it. Predictions are affine. */
static double most_worth(const spar_comm_t *comm, const spar_layer_t *layer)
{
    double low = spar_engine.config.density_min;
    spar_model_shape_t shape = spar_forecast_shape(comm, layer, low);
    double even =
        spar_model_break_even(&comm->model, &shape, layer->trial.method,
                              SPAR_METHOD_BIT(layer->trial.dense));
    double least = predict(comm, layer, low);
    double most = predict(comm, layer, even);

    if (even <= low || WORTH * most <= least) {
        return low;
    }
    return low + (even - low) * (WORTH * most - least) / (most - least);
}

/* What waits for nothing costs nothing at any density. */
static double highest(const spar_comm_t *comm, const spar_layer_t *layer)
{
    const spar_config_t *config = &spar_engine.config;
    bool costs = spar_engine_is_auto() && !layer->nonblocking &&
                 layer->trial.count > 0 && layer->dense_seconds > 0;

    return costs ? spar_density_limit(config, most_worth(comm, layer))
                 : config->density_max;
}

static void fill_row(const spar_comm_t *comm, const spar_layer_t *layer,
                     bool may_be_sparse, spar_lags_layer_t *row)
{
    *row = (spar_lags_layer_t){0};
    fill_times(comm, layer, row);
    if (!may_be_sparse || !spar_densities_rule(layer)) {
        fill_dense(layer, row);
        return;
    }
    row->low = spar_engine.config.density_min;
    row->high = highest(comm, layer);
    row->energy = energy_of(layer);
    fill_costs(comm, layer, row);
    if (comm->densities.overlaps && !layer->nonblocking) {
        fill_thread(layer, row);
    }
}

double spar_densities_in_force(const spar_comm_t *comm,
                               const spar_layer_t *layer)
{
    return spar_choose_has_probed(comm) && !layer->nonblocking
               ? spar_engine.config.density_min
               : layer->density;
}

void spar_densities_fill(const spar_comm_t *comm, spar_lags_layer_t *rows,
                         double *present)
{
    bool first = comm->densities.aim == SPAR_DENSITIES_NONE;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        fill_row(comm, layer,
                 layer->sparse || (first && !spar_layer_is_excluded(comm, i)),
                 &rows[i]);
        present[i] = fmin(fmax(layer->density, rows[i].low), rows[i].high);
        /* Medians of different steps, or of the slowest ranks, may cross. */
        if (i > 0 && rows[i].release < rows[i - 1].release) {
            rows[i].release = rows[i - 1].release;
        }
        rows[i].deadline = fmax(rows[i].deadline, rows[i].release);
    }
}
