#include "sgd.h"

static void sgd_param(const param_t *param, float rate, float momentum,
                      float scale)
{
    float *restrict value = param->value;
    float *restrict velocity = param->velocity;
    const float *restrict grad = param->grad;

    for (size_t i = 0; i < param->count; i++) {
        velocity[i] = momentum * velocity[i] + scale * grad[i];
        value[i] -= rate * velocity[i];
    }
}

void sgd_step(network_t *network, float rate, float momentum, float scale)
{
    for (int i = 0; i < network->count; i++) {
        sgd_param(&network->layers[i].weight, rate, momentum, scale);
        sgd_param(&network->layers[i].bias, rate, momentum, scale);
    }
}
