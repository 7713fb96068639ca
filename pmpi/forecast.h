/*
 * Spar: how long sparse calls will take on a communicator, from measurements
 * that all ranks agree on.
 */
#ifndef SPAR_PMPI_FORECAST_H
#define SPAR_PMPI_FORECAST_H

#include "pmpi/comm.h"

/* Collective: measures latency and speed of selection, and fits the link's
 * speed to the agreed seconds of the layers' dense calls. */
void spar_forecast_fit(spar_comm_t *comm, const double *dense_seconds);

/* Seconds of a taken-over call of this layer. The same on every rank. */
double spar_forecast_seconds(const spar_comm_t *comm, const spar_layer_t *layer,
                             double density);

#endif
