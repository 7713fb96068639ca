/* Sums gradients, or parameters, over all ranks, layer by layer. */
#ifndef FASHION_EXCHANGE_H
#define FASHION_EXCHANGE_H

#include <mpi.h>
#include <stdbool.h>

#include "network.h"

typedef struct exchange {
    bool nonblocking;
    MPI_Request requests[2 * NETWORK_MAX_LAYERS];
    int pending;
    double seconds; /* spent in MPI calls since exchange_begin */
} exchange_t;

void exchange_begin(exchange_t *exchange);
/* Sums the values over all ranks, in place; until exchange_finish, with
 * requests. */
void exchange_sum(exchange_t *exchange, float *values, size_t count);
/* A network_grad_fn; context is the exchange_t. */
void exchange_layer(layer_t *layer, void *context);
/* On return everything holds its sum. */
void exchange_finish(exchange_t *exchange);

#endif
