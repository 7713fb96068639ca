/* One training step: the emulated computation and the exchange of gradients. */
#ifndef REPLAY_STEP_H
#define REPLAY_STEP_H

#include "compute.h"
#include "exchange.h"
#include "options.h"
#include "pool.h"
#include "trace.h"

typedef struct step {
    const trace_t *trace;
    const options_t *options;
    compute_t compute;
    exchange_t exchange;
    pool_t pool;
    random_t jitter;
    double slowness; /* factor of all times of the present step, >= 1 */
} step_t;

/* 0, or -1 without memory or thread; step_free() is due after 0 only. */
int step_init(step_t *step, const trace_t *trace, const options_t *options,
              int rank);

/* Collective. */
void step_free(step_t *step);

/* Collective. Sets the exchange's post_seconds and wait_seconds to those of
 * this step. */
void step_run(step_t *step);

#endif
