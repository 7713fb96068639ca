#include "layer.h"

#include <stdlib.h>

static int param_allocate(param_t *param, size_t count)
{
    param->count = count;
    if (count == 0)
        return 0;
    param->value = calloc(count, sizeof(float));
    param->grad = calloc(count, sizeof(float));
    param->velocity = calloc(count, sizeof(float));
    return param->value && param->grad && param->velocity ? 0 : -1;
}

static void param_free(param_t *param)
{
    free(param->value);
    free(param->grad);
    free(param->velocity);
}

int layer_allocate(layer_t *layer, size_t weights, size_t biases, int batch)
{
    size_t outputs = (size_t)batch * layer->out_size;

    layer->out = calloc(outputs, sizeof(float));
    layer->out_grad = calloc(outputs, sizeof(float));
    if (!layer->out || !layer->out_grad ||
        param_allocate(&layer->weight, weights) != 0 ||
        param_allocate(&layer->bias, biases) != 0)
        return -1;
    return 0;
}

void layer_free(layer_t *layer)
{
    param_free(&layer->weight);
    param_free(&layer->bias);
    free(layer->out);
    free(layer->out_grad);
    free(layer->columns);
    free(layer->chosen);
}
