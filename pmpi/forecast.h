/*
 * Spar: what is known of the speed of a communicator, from measurements that
 * all ranks agree on (pmpi/plan.c and review.c collect them): the network's
 * latency, the speed of selections, and rank 0's cost model.
 */
#ifndef SPAR_PMPI_FORECAST_H
#define SPAR_PMPI_FORECAST_H

#include "pmpi/comm.h"

/* Seconds per element of a selection on this rank; `selection` is scratch. */
double spar_forecast_measure_scan(spar_selection_t *selection);

/* Whether seconds that were predicted come from measurements on all ranks: one
 * without the memory to time a selection says that it takes for ever. */
bool spar_forecast_is_known(double seconds);

/* Collective: times some small exchanges one after the other, for the
 * communicator's latency. */
void spar_forecast_begin_latency(spar_comm_t *comm);
/* After each agreement; true: done. */
bool spar_forecast_progress_latency(spar_comm_t *comm);

/* Layers whose calls were timed. */
typedef enum spar_forecast_layers {
    SPAR_FORECAST_ALL,
    SPAR_FORECAST_SPARSE,
    SPAR_FORECAST_DENSE
} spar_forecast_layers_t;

/* Calls that are under way together share the time for which the application
 * waits for the last of them: gives each layer a part by its bytes. `seconds`:
 * one value per layer, replaced for the non-blocking ones of those layers. */
void spar_forecast_share(const spar_comm_t *comm, spar_forecast_layers_t layers,
                         double *seconds);

/* A call of the layer, for the cost model. */
spar_model_shape_t spar_forecast_shape(const spar_comm_t *comm,
                                       const spar_layer_t *layer,
                                       double density);

/* A model from what was measured without one: seconds of a message, of a byte
 * of a dense call's least volume, and of a selected element. */
void spar_forecast_guess(const spar_comm_t *comm, double latency,
                         double byte_seconds, double scan_seconds,
                         spar_model_t *model_p);

/* Rank 0: the model from the layers' agreed seconds, which it remembers. */
void spar_forecast_fit(spar_comm_t *comm);

#endif
