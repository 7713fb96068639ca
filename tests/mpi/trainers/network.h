/*
 * What the C trainers of this folder train: a perceptron whose hidden layer is
 * batch-normalised over all ranks, on generated data. It knows no MPI: whoever
 * trains it tells how values are summed. Not thread-safe.
 */
#ifndef TRAINERS_NETWORK_H
#define TRAINERS_NETWORK_H

#include <stdint.h>

#define NETWORK_INPUTS   32
#define NETWORK_HIDDEN   2048
#define NETWORK_CLASSES  10
#define NETWORK_BATCH    16
#define NETWORK_HELD_OUT 256

/* Sums over the ranks and their samples in one normalisation. */
#define NETWORK_STATISTICS (2 * NETWORK_HIDDEN)

enum {
    TENSOR_FIRST, /* [input][hidden] */
    TENSOR_SCALE,
    TENSOR_SHIFT,
    TENSOR_LAST, /* [class][hidden] */
    TENSOR_BIAS,
    TENSORS
};

extern const int network_counts[TENSORS];

typedef struct network_hooks {
    /* Sums NETWORK_STATISTICS values over all ranks, in place. */
    void (*sum_forward)(float *values);
    void (*sum_backward)(float *values);
    /* That tensor's gradient is complete; from the last one to the first. */
    void (*ready)(int tensor);
} network_hooks_t;

typedef struct network {
    int ranks;
    network_hooks_t hooks;
    float *params[TENSORS];
    float *gradients[TENSORS]; /* means over this rank's batch */
    uint64_t random;           /* of this rank's batches */
} network_t;

/* The same parameters on all ranks, and different batches. */
void network_init(network_t *network, int rank, int ranks,
                  const network_hooks_t *hooks);

/* One forward and backward pass over a new batch. */
void network_differentiate(network_t *network);

/* params -= rate * gradients */
void network_step(network_t *network, float rate);

/* Mean cross entropy of samples that no rank trains with. */
double network_loss(const network_t *network);

/* The same for the same parameters, bit by bit. */
uint64_t network_checksum(const network_t *network);

#endif
