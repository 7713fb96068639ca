/*
 * Spar: how long sparse calls will take on a communicator, from measurements
 * that all ranks agree on (pmpi/plan.c collects them).
 */
#ifndef SPAR_PMPI_FORECAST_H
#define SPAR_PMPI_FORECAST_H

#include "pmpi/comm.h"

/* Seconds per element of a selection on this rank; `selection` is scratch. */
double spar_forecast_measure_scan(spar_selection_t *selection);
/* Bytes of the entries that are sent at that density, about. */
uint64_t spar_forecast_payload(const spar_layer_t *layer, double density);
/* Seconds per element of local work, from that of a selection. */
double spar_forecast_local(double scan_seconds);
/* The slowest rank's. */
void spar_forecast_set_scan(spar_comm_t *comm, double seconds);

/* Collective: times some small exchanges one after the other; then latency and
 * speed of the link are known, the latter from the agreed seconds of the
 * layers' dense calls. */
void spar_forecast_begin_latency(spar_comm_t *comm);
/* After each agreement; true: done. */
bool spar_forecast_progress_latency(spar_comm_t *comm);

/* Calls that are under way together share the time for which the application
 * waits for the last of them: gives each layer a part by its bytes. `seconds`:
 * one value per layer, replaced for the non-blocking ones; only for the sparse
 * ones of these if it was only measured for them. */
void spar_forecast_share(const spar_comm_t *comm, bool only_sparse,
                         double *seconds);

/* Seconds of a taken-over call of this layer. The same on every rank. */
double spar_forecast_seconds(const spar_comm_t *comm, const spar_layer_t *layer,
                             double density);

#endif
