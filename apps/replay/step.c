#include "step.h"

#include <stdlib.h>
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
    step->gradients = calloc(trace->elements, sizeof(*step->gradients));
    step->requests = calloc((size_t)trace->count, sizeof(MPI_Request));
    if (!step->gradients || !step->requests)
        return -1;
    return pool_init(&step->pool, (unsigned)rank + 1);
}

void step_free(step_t *step)
{
    free(step->gradients);
    free(step->requests);
    pool_free(&step->pool);
}

/*
 * The exchange has replaced the gradients by their sum, so new ones must be
 * made. That is the copy from the GPU that a trainer needs too; here it counts
 * as computation and happens in the forward pass, when no exchange is under
 * way that it could disturb.
 */
static void forward(step_t *step)
{
    compute_add(&step->compute, step->trace->forward);
    pool_fill(&step->pool, step->gradients, step->trace->elements);
    compute_do(&step->compute);
}

static void allreduce(step_t *step, float *gradient, size_t elements)
{
    const double before = compute_now(&step->compute);
    const double start = MPI_Wtime();

    MPI_Allreduce(MPI_IN_PLACE, gradient, (int)elements, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    step->wait_seconds += MPI_Wtime() - start;
    compute_pause(&step->compute, before);
}

static void iallreduce(step_t *step, float *gradient, size_t elements)
{
    const double before = compute_now(&step->compute);
    const double start = MPI_Wtime();

    MPI_Iallreduce(MPI_IN_PLACE, gradient, (int)elements, MPI_FLOAT, MPI_SUM,
                   MPI_COMM_WORLD, &step->requests[step->pending++]);
    step->post_seconds += MPI_Wtime() - start;
    /* A GPU goes on while the CPU posts; the CPU itself cannot. */
    if (step->options->busy)
        compute_pause(&step->compute, before);
}

static void post(step_t *step, float *gradient, size_t elements)
{
    if (step->options->post == POST_IALLREDUCE)
        iallreduce(step, gradient, elements);
    else if (step->options->post == POST_BLOCKING)
        allreduce(step, gradient, elements);
}

/* A layer is posted when its computation is done, never before. */
static void backward(step_t *step)
{
    const trace_t *trace = step->trace;
    float *gradient = step->gradients;
    int posted = trace->count;

    for (int i = trace->count - 1; i >= 0; i--) {
        compute_add(&step->compute, trace->layers[i].backward);
        if (step->compute.due < SHORTEST_SLEEP && i > 0)
            continue;
        compute_do(&step->compute);
        while (posted > i) {
            size_t elements = trace->layers[--posted].elements;

            post(step, gradient, elements);
            gradient += elements;
        }
    }
}

static void finish(step_t *step)
{
    double start;

    if (step->options->post == POST_FLAT)
        allreduce(step, step->gradients, step->trace->elements);
    if (step->pending == 0)
        return;
    start = MPI_Wtime();
    MPI_Waitall(step->pending, step->requests, MPI_STATUSES_IGNORE);
    step->wait_seconds += MPI_Wtime() - start;
    step->pending = 0;
}

void step_run(step_t *step)
{
    step->post_seconds = 0;
    step->wait_seconds = 0;
    compute_begin(&step->compute,
                  step->options->busy ? COMPUTE_WORK : COMPUTE_SLEEP);
    forward(step);
    backward(step);
    finish(step);
}
