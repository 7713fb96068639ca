/*
 * Spar: a step of a communicator as the solver of densities sees it
 * (policy/lags.h): when each layer is posted and needed, what its exchange
 * costs by the cost model, corrected by what was measured. Rank 0 only, with
 * the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_DENSITIES_ROWS_H
#define SPAR_PMPI_DENSITIES_ROWS_H

#include "pmpi/comm.h"

/* Whether a rule sets the density of the layer, if it is sparse: not where all
 * non-zeros are sent. The same on every rank. */
bool spar_densities_rule(const spar_layer_t *layer);

/* One row per layer, and the densities in force within the rows' bounds. Layers
 * that stay dense have density 1. */
void spar_densities_fill(const spar_comm_t *comm, spar_lags_layer_t *rows,
                         double *present);

/* The density that the measurements of the last review are of. */
double spar_densities_in_force(const spar_comm_t *comm,
                               const spar_layer_t *layer);

/* Costs of the layer's exchange by the cost model alone; row->low is set
 * before. */
void spar_densities_model(const spar_comm_t *comm, const spar_layer_t *layer,
                          spar_lags_layer_t *row);

#endif
