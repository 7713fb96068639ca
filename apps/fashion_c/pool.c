/* The maximum of every 2x2 pixels. */
#include <stdlib.h>
#include <string.h>

#include "layer.h"

/* Index in the input plane of the choice'th of the four pixels behind (y, x).
 */
static int pool_source(int side, int y, int x, int choice)
{
    return (2 * y + choice / 2) * side + 2 * x + choice % 2;
}

static void pool_plane(const float *in, int side, float *out, uint8_t *chosen)
{
    const int half = side / 2;

    for (int y = 0; y < half; y++) {
        for (int x = 0; x < half; x++) {
            int best = 0;

            for (int choice = 1; choice < 4; choice++)
                if (in[pool_source(side, y, x, choice)] >
                    in[pool_source(side, y, x, best)])
                    best = choice;
            out[y * half + x] = in[pool_source(side, y, x, best)];
            chosen[y * half + x] = (uint8_t)best;
        }
    }
}

static void pool_forward(layer_t *layer, const float *in, int batch)
{
    const size_t pixels = (size_t)layer->side * layer->side;

    for (size_t i = 0; i < (size_t)batch * layer->in_channels; i++)
        pool_plane(in + i * pixels, layer->side, layer->out + i * pixels / 4,
                   layer->chosen + i * pixels / 4);
}

static void pool_backward_input(layer_t *layer, const float *out_grad,
                                int batch, float *in_grad)
{
    const int half = layer->side / 2;
    const size_t planes = (size_t)batch * layer->in_channels;

    memset(in_grad, 0, (size_t)batch * layer->in_size * sizeof(float));
    for (size_t i = 0; i < planes; i++) {
        float *plane = in_grad + i * layer->side * layer->side;
        const size_t first = i * half * half;

        for (int y = 0; y < half; y++)
            for (int x = 0; x < half; x++) {
                size_t at = first + y * half + x;

                plane[pool_source(layer->side, y, x, layer->chosen[at])] =
                    out_grad[at];
            }
    }
}

static const layer_ops_t pool_ops = {pool_forward, NULL, pool_backward_input};

int layer_init_pool(layer_t *layer, int side, int channels, int batch)
{
    *layer = (layer_t){.ops = &pool_ops,
                       .in_size = channels * side * side,
                       .out_size = channels * side * side / 4,
                       .side = side,
                       .in_channels = channels,
                       .out_channels = channels};
    layer->chosen = malloc((size_t)batch * layer->out_size);
    if (!layer->chosen)
        return -1;
    return layer_allocate(layer, 0, 0, batch);
}
