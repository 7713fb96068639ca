#include "exchange.h"

#include <stdlib.h>
#include <string.h>

int exchange_open(exchange_t *exchange, const trace_t *trace,
                  const options_t *options, compute_t *compute)
{
    memset(exchange, 0, sizeof(*exchange));
    exchange->trace = trace;
    exchange->options = options;
    exchange->compute = compute;
    exchange->gradients = calloc(trace->elements, sizeof(*exchange->gradients));
    exchange->requests = malloc((size_t)trace->count * sizeof(MPI_Request));
    if (!exchange->gradients || !exchange->requests)
        goto failed;
    for (int i = 0; i < trace->count; i++)
        exchange->requests[i] = MPI_REQUEST_NULL;
    if (options->post == POST_THREAD &&
        worker_start(&exchange->worker, trace, exchange->gradients) != 0)
        goto failed;
    return 0;

failed:
    free(exchange->gradients);
    free(exchange->requests);
    return -1;
}

void exchange_close(exchange_t *exchange)
{
    if (exchange->options->post == POST_THREAD)
        worker_stop(&exchange->worker);
    else
        MPI_Waitall(exchange->trace->count, exchange->requests,
                    MPI_STATUSES_IGNORE);
    free(exchange->gradients);
    free(exchange->requests);
}

static MPI_Request *request_of(exchange_t *exchange, int layer)
{
    return &exchange->requests[exchange->trace->count - 1 - layer];
}

static void allreduce(exchange_t *exchange, float *gradient, size_t elements)
{
    const double before = compute_now(exchange->compute);
    const double start = MPI_Wtime();

    MPI_Allreduce(MPI_IN_PLACE, gradient, (int)elements, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    exchange->wait_seconds += MPI_Wtime() - start;
    compute_pause(exchange->compute, before);
}

static void iallreduce(exchange_t *exchange, int layer, float *gradient)
{
    const size_t elements = exchange->trace->layers[layer].elements;

    MPI_Iallreduce(MPI_IN_PLACE, gradient, (int)elements, MPI_FLOAT, MPI_SUM,
                   MPI_COMM_WORLD, request_of(exchange, layer));
}

/* Starts an exchange that goes on while this thread computes. */
static void start(exchange_t *exchange, int layer, float *gradient)
{
    const double before = compute_now(exchange->compute);
    const double from = MPI_Wtime();

    if (exchange->options->post == POST_THREAD)
        worker_post(&exchange->worker);
    else
        iallreduce(exchange, layer, gradient);
    exchange->post_seconds += MPI_Wtime() - from;
    /* A GPU goes on while the CPU posts; the CPU itself cannot. */
    if (exchange->options->busy)
        compute_pause(exchange->compute, before);
}

void exchange_post(exchange_t *exchange, int layer, float *gradient)
{
    switch (exchange->options->post) {
    case POST_IALLREDUCE:
    case POST_THREAD:
        start(exchange, layer, gradient);
        break;
    case POST_BLOCKING:
        allreduce(exchange, gradient, exchange->trace->layers[layer].elements);
        break;
    case POST_FLAT:
    case POST_NONE:
        break;
    }
}

void exchange_finish(exchange_t *exchange)
{
    const options_t *options = exchange->options;
    const double from = MPI_Wtime();

    if (options->post == POST_FLAT)
        allreduce(exchange, exchange->gradients, exchange->trace->elements);
    if (options->post == POST_THREAD)
        worker_wait(&exchange->worker);
    else if (options->post == POST_IALLREDUCE && options->need == NEED_STEP)
        MPI_Waitall(exchange->trace->count, exchange->requests,
                    MPI_STATUSES_IGNORE);
    else
        return;
    exchange->wait_seconds += MPI_Wtime() - from;
}

void exchange_need(exchange_t *exchange, int layer)
{
    const double before = compute_now(exchange->compute);
    const double from = MPI_Wtime();

    MPI_Wait(request_of(exchange, layer), MPI_STATUS_IGNORE);
    exchange->wait_seconds += MPI_Wtime() - from;
    compute_hold(exchange->compute, before);
}
