/*
 * Convolution by 3x3, as a matrix product with the unfolded image:
 * weight [out_channels][in_channels * 9], columns [in_channels * 9][pixels].
 */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

enum {
    KERNEL = 3,
    TAPS = KERNEL * KERNEL
};

static int conv_pixels(const layer_t *layer)
{
    return layer->side * layer->side;
}

static int conv_rows(const layer_t *layer)
{
    return layer->in_channels * TAPS;
}

/* One tap of one channel: the image shifted by (dy, dx), zero outside. */
static void unfold_tap(const float *image, int side, int dy, int dx,
                       float *column)
{
    const int first = dx < 0 ? -dx : 0;
    const int last = dx > 0 ? side - dx : side;

    memset(column, 0, (size_t)side * side * sizeof(float));
    for (int y = dy < 0 ? -dy : 0; y < side && y + dy < side; y++)
        memcpy(column + y * side + first, image + (y + dy) * side + first + dx,
               (last - first) * sizeof(float));
}

/* The transposed map: adds the column back to where it came from. */
static void fold_tap(const float *column, int side, int dy, int dx,
                     float *image)
{
    const int first = dx < 0 ? -dx : 0;
    const int last = dx > 0 ? side - dx : side;

    for (int y = dy < 0 ? -dy : 0; y < side && y + dy < side; y++)
        for (int x = first; x < last; x++)
            image[(y + dy) * side + x + dx] += column[y * side + x];
}

static void unfold(const layer_t *layer, const float *image, float *columns)
{
    const int pixels = conv_pixels(layer);

    for (int c = 0; c < layer->in_channels; c++)
        for (int t = 0; t < TAPS; t++)
            unfold_tap(image + c * pixels, layer->side, t / KERNEL - 1,
                       t % KERNEL - 1, columns + (c * TAPS + t) * pixels);
}

static void fold(const layer_t *layer, const float *columns, float *image)
{
    const int pixels = conv_pixels(layer);

    memset(image, 0, layer->in_size * sizeof(float));
    for (int c = 0; c < layer->in_channels; c++)
        for (int t = 0; t < TAPS; t++)
            fold_tap(columns + (c * TAPS + t) * pixels, layer->side,
                     t / KERNEL - 1, t % KERNEL - 1, image + c * pixels);
}

/* Slot 0 is scratch for the backward pass, slot 1 + i holds sample i. */
static float *conv_columns(const layer_t *layer, int slot)
{
    return layer->columns +
           (size_t)slot * conv_rows(layer) * conv_pixels(layer);
}

static void conv_forward(layer_t *layer, const float *in, int batch)
{
    const int pixels = conv_pixels(layer);
    const int rows = conv_rows(layer);

    for (int i = 0; i < batch; i++) {
        float *columns = conv_columns(layer, 1 + i);
        float *out = layer->out + (size_t)i * layer->out_size;

        unfold(layer, in + (size_t)i * layer->in_size, columns);
        for (int c = 0; c < layer->out_channels; c++)
            for (int p = 0; p < pixels; p++)
                out[c * pixels + p] = layer->bias.value[c];
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans,
                    layer->out_channels, pixels, rows, 1.0F,
                    layer->weight.value, rows, columns, pixels, 1.0F, out,
                    pixels);
    }
}

static void conv_backward_params(layer_t *layer, const float *in,
                                 const float *out_grad, int batch)
{
    const int pixels = conv_pixels(layer);
    const int rows = conv_rows(layer);

    (void)in; /* unfolded in the forward pass */
    memset(layer->bias.grad, 0, layer->bias.count * sizeof(float));
    for (int i = 0; i < batch; i++) {
        const float *grad = out_grad + (size_t)i * layer->out_size;

        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans,
                    layer->out_channels, rows, pixels, 1.0F, grad, pixels,
                    conv_columns(layer, 1 + i), pixels, i == 0 ? 0.0F : 1.0F,
                    layer->weight.grad, rows);
        for (int c = 0; c < layer->out_channels; c++)
            for (int p = 0; p < pixels; p++)
                layer->bias.grad[c] += grad[c * pixels + p];
    }
}

static void conv_backward_input(layer_t *layer, const float *out_grad,
                                int batch, float *in_grad)
{
    const int pixels = conv_pixels(layer);
    const int rows = conv_rows(layer);
    float *columns = conv_columns(layer, 0);

    for (int i = 0; i < batch; i++) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, pixels,
                    layer->out_channels, 1.0F, layer->weight.value, rows,
                    out_grad + (size_t)i * layer->out_size, pixels, 0.0F,
                    columns, pixels);
        fold(layer, columns, in_grad + (size_t)i * layer->in_size);
    }
}

static const layer_ops_t conv_ops = {conv_forward, conv_backward_params,
                                     conv_backward_input};

int layer_init_conv(layer_t *layer, int side, int in_channels, int out_channels,
                    int batch)
{
    *layer = (layer_t){.ops = &conv_ops,
                       .in_size = in_channels * side * side,
                       .out_size = out_channels * side * side,
                       .fan_in = in_channels * TAPS,
                       .relu = true,
                       .side = side,
                       .in_channels = in_channels,
                       .out_channels = out_channels};
    layer->columns = malloc((1 + (size_t)batch) * conv_rows(layer) *
                            conv_pixels(layer) * sizeof(float));
    if (!layer->columns)
        return -1;
    return layer_allocate(layer, (size_t)out_channels * conv_rows(layer),
                          out_channels, batch);
}
