#include "exchange.h"

void exchange_begin(exchange_t *exchange)
{
    exchange->pending = 0;
    exchange->seconds = 0;
}

void exchange_sum(exchange_t *exchange, float *values, size_t count)
{
    double start = MPI_Wtime();

    if (exchange->nonblocking)
        MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD,
                       &exchange->requests[exchange->pending++]);
    else
        MPI_Allreduce(MPI_IN_PLACE, values, (int)count, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
    exchange->seconds += MPI_Wtime() - start;
}

void exchange_layer(layer_t *layer, void *context)
{
    exchange_t *exchange = context;

    exchange_sum(exchange, layer->weight.grad, layer->weight.count);
    exchange_sum(exchange, layer->bias.grad, layer->bias.count);
}

void exchange_finish(exchange_t *exchange)
{
    double start = MPI_Wtime();

    MPI_Waitall(exchange->pending, exchange->requests, MPI_STATUSES_IGNORE);
    exchange->pending = 0;
    exchange->seconds += MPI_Wtime() - start;
}
