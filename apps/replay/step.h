/* One training step: the emulated computation and the exchange of gradients. */
#ifndef REPLAY_STEP_H
#define REPLAY_STEP_H

#include <mpi.h>

#include "compute.h"
#include "options.h"
#include "pool.h"
#include "trace.h"

typedef struct step {
    const trace_t *trace;
    const options_t *options;
    compute_t compute;
    pool_t pool;
    float *gradients;      /* of all layers, the last layer's first */
    MPI_Request *requests; /* one per layer */
    int pending;
    double post_seconds; /* in calls that start an exchange */
    double wait_seconds; /* in calls that return when it is done */
} step_t;

/* 0, or -1 without memory; step_free() is due in either case. */
int step_init(step_t *step, const trace_t *trace, const options_t *options,
              int rank);
void step_free(step_t *step);

/* Collective. Sets post_seconds and wait_seconds. */
void step_run(step_t *step);

#endif
