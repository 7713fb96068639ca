#include "step.h"

#include <string.h>

/* Shorter sleeps are merged: a timer is not exact to some ten microseconds,
 * and 161 wake-ups in a step would be felt. */
static const double SHORTEST_SLEEP = 100e-6;

int step_init(step_t *step, const trace_t *trace, const options_t *options,
              int rank)
{
    memset(step, 0, sizeof(*step));
    step->trace = trace;
    step->options = options;
    step->jitter.state = (uint64_t)rank + 1;
    if (pool_init(&step->pool, (unsigned)rank + 1) != 0)
        return -1;
    if (exchange_open(&step->exchange, trace, options, &step->compute) == 0)
        return 0;
    pool_free(&step->pool);
    return -1;
}

void step_free(step_t *step)
{
    exchange_close(&step->exchange);
    pool_free(&step->pool);
}

static void compute_if_long(step_t *step)
{
    if (step->compute.due >= SHORTEST_SLEEP)
        compute_do(&step->compute);
}

/*
 * The exchange has replaced the gradients by their sum, so new ones must be
 * made. That is the copy from the GPU that a trainer needs too; here it counts
 * as computation and happens in the forward pass, when no exchange is under
 * way that it could disturb (or, with --need layer, that of this layer is not).
 */
static void forward(step_t *step)
{
    const trace_t *trace = step->trace;
    const bool by_layer = step->options->need == NEED_LAYER;
    float *gradient = step->exchange.gradients + trace->elements;

    for (int i = 0; i < trace->count; i++) {
        const trace_layer_t *layer = &trace->layers[i];

        if (by_layer) {
            compute_if_long(step);
            exchange_need(&step->exchange, i);
        }
        compute_add(&step->compute, step->slowness * layer->forward);
        gradient -= layer->elements;
        pool_fill(&step->pool, layer->rms, gradient, layer->elements);
    }
    compute_do(&step->compute);
}

/* A layer is posted when its computation is done, never before. */
static void backward(step_t *step)
{
    const trace_t *trace = step->trace;
    float *gradient = step->exchange.gradients;
    int posted = trace->count;

    for (int i = trace->count - 1; i >= 0; i--) {
        compute_add(&step->compute, step->slowness * trace->layers[i].backward);
        if (step->compute.due < SHORTEST_SLEEP && i > 0)
            continue;
        compute_do(&step->compute);
        while (posted > i) {
            exchange_post(&step->exchange, --posted, gradient);
            gradient += trace->layers[posted].elements;
        }
    }
}

void step_run(step_t *step)
{
    step->exchange.post_seconds = 0;
    step->exchange.wait_seconds = 0;
    step->slowness = 1 + step->options->jitter * random_uniform(&step->jitter);
    compute_begin(&step->compute,
                  step->options->busy ? COMPUTE_WORK : COMPUTE_SLEEP);
    forward(step);
    backward(step);
    exchange_finish(&step->exchange);
}
