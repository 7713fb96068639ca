#include "average.h"

#include <string.h>

/* Division, so that the mean of equal values is that value. */
static void divide(float *values, size_t count, int size)
{
    for (size_t i = 0; i < count; i++)
        values[i] /= (float)size;
}

/* The tensors in order: weight, bias, weight, bias ... */
static param_t *param_at(network_t *network, int index)
{
    layer_t *layer = &network->layers[index / 2];

    return index % 2 ? &layer->bias : &layer->weight;
}

void average_network(network_t *network, exchange_t *exchange, int size)
{
    for (int i = 0; i < 2 * network->count; i++) {
        const param_t *param = param_at(network, i);

        if (param->count) /* pooling has none */
            exchange_sum(exchange, param->value, param->count);
    }
    exchange_finish(exchange);
    for (int i = 0; i < 2 * network->count; i++) {
        const param_t *param = param_at(network, i);

        divide(param->value, param->count, size);
    }
}

void average_final(network_t *network, float *scratch, int size)
{
    size_t count = 0;

    for (int i = 0; i < 2 * network->count; i++) {
        const param_t *param = param_at(network, i);

        if (param->count)
            memcpy(scratch + count, param->value, param->count * sizeof(float));
        count += param->count;
    }
    MPI_Allreduce(MPI_IN_PLACE, scratch, (int)count, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    divide(scratch, count, size);
    for (int i = 0; i < 2 * network->count; i++) {
        const param_t *param = param_at(network, i);

        if (param->count)
            memcpy(param->value, scratch, param->count * sizeof(float));
        scratch += param->count;
    }
}
