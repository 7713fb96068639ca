/* A layer of the network: linear maps and pooling, an optional ReLU behind. */
#ifndef FASHION_LAYER_H
#define FASHION_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tensor that is trained. count is 0 in layers that have none. */
typedef struct param {
    float *value;
    float *grad;
    float *velocity; /* of the momentum */
    size_t count;
} param_t;

typedef struct layer layer_t;

/* The out_grad given here is the gradient before the ReLU. */
typedef struct layer_ops {
    void (*forward)(layer_t *layer, const float *in, int batch);
    void (*backward_params)(layer_t *layer, const float *in,
                            const float *out_grad, int batch);
    void (*backward_input)(layer_t *layer, const float *out_grad, int batch,
                           float *in_grad);
} layer_ops_t;

struct layer {
    const layer_ops_t *ops;
    int in_size; /* floats per sample */
    int out_size;
    int fan_in;
    bool relu;
    param_t weight;
    param_t bias;
    float *out;      /* [batch][out_size], after the ReLU */
    float *out_grad; /* [batch][out_size] */
    int side;        /* images: height and width of the input */
    int in_channels;
    int out_channels;
    float *columns;  /* convolution: the unfolded input, and one scratch */
    uint8_t *chosen; /* pooling: which of four was the largest */
};

/* Each returns 0, or -1 when out of memory. batch: the largest ever used. */
int layer_init_dense(layer_t *layer, int in_size, int out_size, bool relu,
                     int batch);
/* 3x3, padded to keep the side, ReLU behind. */
int layer_init_conv(layer_t *layer, int side, int in_channels, int out_channels,
                    int batch);
/* 2x2 maximum. */
int layer_init_pool(layer_t *layer, int side, int channels, int batch);

/* What the three have in common: the buffers. */
int layer_allocate(layer_t *layer, size_t weights, size_t biases, int batch);
void layer_free(layer_t *layer);

#endif
