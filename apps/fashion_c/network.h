/* Layers in a row, from pixels to the ten scores. */
#ifndef FASHION_NETWORK_H
#define FASHION_NETWORK_H

#include "layer.h"

enum {
    NETWORK_MAX_LAYERS = 16
};

typedef struct network {
    layer_t layers[NETWORK_MAX_LAYERS];
    int count;
} network_t;

/*
 * Both return 0, or -1 when out of memory (or, mlp, with too many hidden
 * layers). Free the network in either case. batch: the largest ever used.
 * The weights start as He's normal distribution, a function of the seed.
 */
int network_init_mlp(network_t *network, int inputs, const int *hidden,
                     int n_hidden, int classes, int batch, unsigned seed);
/* Three convolutions, pooling behind the first two, two dense layers. */
int network_init_cnn(network_t *network, int side, const int channels[3],
                     int hidden, int classes, int batch, unsigned seed);
void network_free(network_t *network);

size_t network_param_count(const network_t *network);

/* Returns the scores, [batch][classes], valid until the next call. */
const float *network_forward(network_t *network, const float *inputs,
                             int batch);

/* Called as soon as the gradients of a layer's parameters are complete. */
typedef void (*network_grad_fn)(layer_t *layer, void *context);

/*
 * From the last layer to the first. The gradient of the scores is in
 * network_score_grad() before the call; inputs as in the forward pass.
 */
float *network_score_grad(network_t *network);
void network_backward(network_t *network, const float *inputs, int batch,
                      network_grad_fn grad_fn, void *context);

#endif
