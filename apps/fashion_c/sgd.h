/* Stochastic gradient descent with momentum. */
#ifndef FASHION_SGD_H
#define FASHION_SGD_H

#include "network.h"

/* velocity = momentum * velocity + scale * grad; value -= rate * velocity. */
void sgd_step(network_t *network, float rate, float momentum, float scale);

#endif
