/*
 * Times exchanges on a simulated network (exchange/simulated.h): real machines
 * on all ranks, entries at random places, no time for local work.
 */
#ifndef SPAR_BENCH_SIM_TIMED_H
#define SPAR_BENCH_SIM_TIMED_H

#include "exchange/simulated.h"
#include "policy/model.h"

/* The network of a model; ranks and nodes are the shape's. */
spar_simulated_network_t timed_network(const spar_model_t *model,
                                       const spar_model_shape_t *shape);

/* One call of this shape, float32, entries chosen at random by each rank
 * (`seed`). Seconds until the last rank has the result. SPAR_ERR_INVALID: the
 * method is MPI's, or the ranks wait for each other for ever; other errors
 * are the machine's. */
spar_status_t timed_run(const spar_simulated_network_t *network,
                        spar_method_t method, const spar_model_shape_t *shape,
                        uint64_t seed, double *seconds_p);

#endif
