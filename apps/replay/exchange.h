/* How the gradients of a step are exchanged: the ways of --post and --need. */
#ifndef REPLAY_EXCHANGE_H
#define REPLAY_EXCHANGE_H

#include <mpi.h>

#include "compute.h"
#include "options.h"
#include "trace.h"
#include "worker.h"

typedef struct exchange {
    const trace_t *trace;
    const options_t *options;
    compute_t *compute;    /* stands still where the exchange holds it up */
    float *gradients;      /* of all layers, the last layer's first */
    MPI_Request *requests; /* one per layer, the last layer's first */
    worker_t worker;
    double post_seconds; /* in calls that start an exchange */
    double wait_seconds; /* in calls that return when it is done */
} exchange_t;

/* 0, or -1 without memory or thread; exchange_close() is due after 0 only. */
int exchange_open(exchange_t *exchange, const trace_t *trace,
                  const options_t *options, compute_t *compute);

/* Collective: waits for what is still under way. */
void exchange_close(exchange_t *exchange);

/* Layers are posted from the last one to the first; `gradient` is the layer's.
 */
void exchange_post(exchange_t *exchange, int layer, float *gradient);

/* The end of the backward pass. */
void exchange_finish(exchange_t *exchange);

/* The forward pass needs this layer's sum now (--need layer only). */
void exchange_need(exchange_t *exchange, int layer);

#endif
