#include "network.h"

#include <math.h>

#include "random.h"

static void network_randomise(network_t *network, unsigned seed)
{
    for (int i = 0; i < network->count; i++) {
        layer_t *layer = &network->layers[i];
        random_t random = {((uint64_t)seed << 32) + (unsigned)i};

        if (layer->weight.count)
            random_fill_normal(&random, sqrtf(2.0F / (float)layer->fan_in),
                               layer->weight.value, layer->weight.count);
    }
}

int network_init_mlp(network_t *network, int inputs, const int *hidden,
                     int n_hidden, int classes, int batch, unsigned seed)
{
    int size = inputs;

    network->count = 0;
    if (n_hidden >= NETWORK_MAX_LAYERS)
        return -1;
    for (int i = 0; i <= n_hidden; i++) {
        int next = i < n_hidden ? hidden[i] : classes;

        if (layer_init_dense(&network->layers[network->count++], size, next,
                             i < n_hidden, batch) != 0)
            return -1;
        size = next;
    }
    network_randomise(network, seed);
    return 0;
}

int network_init_cnn(network_t *network, int side, const int channels[3],
                     int hidden, int classes, int batch, unsigned seed)
{
    layer_t *layer = network->layers;
    int before = 1;

    network->count = 0;
    for (int i = 0; i < 3; i++) {
        network->count++;
        if (layer_init_conv(layer++, side, before, channels[i], batch) != 0)
            return -1;
        before = channels[i];
        if (i == 2)
            break;
        network->count++;
        if (layer_init_pool(layer++, side, before, batch) != 0)
            return -1;
        side /= 2;
    }
    network->count++;
    if (layer_init_dense(layer++, before * side * side, hidden, true, batch) !=
        0)
        return -1;
    network->count++;
    if (layer_init_dense(layer, hidden, classes, false, batch) != 0)
        return -1;
    network_randomise(network, seed);
    return 0;
}

void network_free(network_t *network)
{
    for (int i = 0; i < network->count; i++)
        layer_free(&network->layers[i]);
    network->count = 0;
}

size_t network_param_count(const network_t *network)
{
    size_t count = 0;

    for (int i = 0; i < network->count; i++)
        count +=
            network->layers[i].weight.count + network->layers[i].bias.count;
    return count;
}

static void relu_forward(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > 0 ? values[i] : 0;
}

static void relu_backward(const float *values, float *grads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        grads[i] = values[i] > 0 ? grads[i] : 0;
}

const float *network_forward(network_t *network, const float *inputs, int batch)
{
    for (int i = 0; i < network->count; i++) {
        layer_t *layer = &network->layers[i];

        layer->ops->forward(layer, inputs, batch);
        if (layer->relu)
            relu_forward(layer->out, (size_t)batch * layer->out_size);
        inputs = layer->out;
    }
    return inputs;
}

float *network_score_grad(network_t *network)
{
    return network->layers[network->count - 1].out_grad;
}

void network_backward(network_t *network, const float *inputs, int batch,
                      network_grad_fn grad_fn, void *context)
{
    for (int i = network->count - 1; i >= 0; i--) {
        layer_t *layer = &network->layers[i];
        layer_t *below = i > 0 ? layer - 1 : NULL;

        if (layer->relu)
            relu_backward(layer->out, layer->out_grad,
                          (size_t)batch * layer->out_size);
        if (layer->ops->backward_params) {
            layer->ops->backward_params(layer, below ? below->out : inputs,
                                        layer->out_grad, batch);
            if (grad_fn)
                grad_fn(layer, context);
        }
        if (below)
            layer->ops->backward_input(layer, layer->out_grad, batch,
                                       below->out_grad);
    }
}
