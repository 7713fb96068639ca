/* Fully connected: out = in * weight + bias, weight [in_size][out_size]. */
#include <cblas.h>
#include <string.h>

#include "layer.h"

static void dense_forward(layer_t *layer, const float *in, int batch)
{
    const int n = layer->out_size;

    for (int i = 0; i < batch; i++)
        memcpy(layer->out + (size_t)i * n, layer->bias.value,
               n * sizeof(float));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch, n,
                layer->in_size, 1.0F, in, layer->in_size, layer->weight.value,
                n, 1.0F, layer->out, n);
}

static void dense_backward_params(layer_t *layer, const float *in,
                                  const float *out_grad, int batch)
{
    const int n = layer->out_size;

    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, layer->in_size, n,
                batch, 1.0F, in, layer->in_size, out_grad, n, 0.0F,
                layer->weight.grad, n);
    memset(layer->bias.grad, 0, n * sizeof(float));
    for (int i = 0; i < batch; i++)
        cblas_saxpy(n, 1.0F, out_grad + (size_t)i * n, 1, layer->bias.grad, 1);
}

static void dense_backward_input(layer_t *layer, const float *out_grad,
                                 int batch, float *in_grad)
{
    const int n = layer->out_size;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, layer->in_size,
                n, 1.0F, out_grad, n, layer->weight.value, n, 0.0F, in_grad,
                layer->in_size);
}

static const layer_ops_t dense_ops = {dense_forward, dense_backward_params,
                                      dense_backward_input};

int layer_init_dense(layer_t *layer, int in_size, int out_size, bool relu,
                     int batch)
{
    *layer = (layer_t){.ops = &dense_ops,
                       .in_size = in_size,
                       .out_size = out_size,
                       .fan_in = in_size,
                       .relu = relu};
    return layer_allocate(layer, (size_t)in_size * out_size, out_size, batch);
}
