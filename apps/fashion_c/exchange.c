#include "exchange.h"

void exchange_begin(exchange_t *exchange)
{
    exchange->pending = 0;
    exchange->seconds = 0;
}

static void exchange_param(exchange_t *exchange, const param_t *param)
{
    if (exchange->nonblocking)
        MPI_Iallreduce(MPI_IN_PLACE, param->grad, (int)param->count, MPI_FLOAT,
                       MPI_SUM, MPI_COMM_WORLD,
                       &exchange->requests[exchange->pending++]);
    else
        MPI_Allreduce(MPI_IN_PLACE, param->grad, (int)param->count, MPI_FLOAT,
                      MPI_SUM, MPI_COMM_WORLD);
}

void exchange_layer(layer_t *layer, void *context)
{
    exchange_t *exchange = context;
    double start = MPI_Wtime();

    exchange_param(exchange, &layer->weight);
    exchange_param(exchange, &layer->bias);
    exchange->seconds += MPI_Wtime() - start;
}

void exchange_finish(exchange_t *exchange)
{
    double start = MPI_Wtime();

    MPI_Waitall(exchange->pending, exchange->requests, MPI_STATUSES_IGNORE);
    exchange->pending = 0;
    exchange->seconds += MPI_Wtime() - start;
}
