/* Averages the parameters of all ranks, for trainers that do so now and then
 * instead of summing gradients in every step. Momentum stays each rank's own.
 */
#ifndef FASHION_AVERAGE_H
#define FASHION_AVERAGE_H

#include "exchange.h"
#include "network.h"

/* Collective: tensor by tensor, from the first layer to the last. */
void average_network(network_t *network, exchange_t *exchange, int size);

/*
 * Collective: the whole network as one vector, as the model is gathered that
 * is evaluated or written. scratch: network_param_count() floats.
 */
void average_final(network_t *network, float *scratch, int size);

#endif
