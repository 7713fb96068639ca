#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS  NETWORK_INPUTS
#define HIDDEN  NETWORK_HIDDEN
#define CLASSES NETWORK_CLASSES

const int network_counts[TENSORS] = {INPUTS * HIDDEN, HIDDEN, HIDDEN,
                                     CLASSES *HIDDEN, CLASSES};

typedef struct samples {
    int count;
    float inputs[NETWORK_HELD_OUT][INPUTS];
    int classes[NETWORK_HELD_OUT];
} samples_t;

/* What a forward pass leaves for the backward pass */
typedef struct pass {
    float statistics[NETWORK_STATISTICS];
    float mean[HIDDEN], scale[HIDDEN]; /* scale: 1 / standard deviation */
    float normal[NETWORK_HELD_OUT][HIDDEN];
    float active[NETWORK_HELD_OUT][HIDDEN];
    float slopes[NETWORK_HELD_OUT][CLASSES]; /* of the loss, by the scores */
} pass_t;

static float teacher[INPUTS][CLASSES];
static samples_t held_out;
/* Large, and only one network is trained at a time. */
static pass_t pass, trial;
static samples_t batch;
static float delta[HIDDEN], downward[NETWORK_BATCH][HIDDEN];

/* Nearly normal, variance 1. */
static float draw(uint64_t *random)
{
    float sum = 0;

    for (int i = 0; i < 6; i++) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(*random >> 40) / (float)(1 << 24) - 0.5f;
    }
    return sum * 1.41421356f;
}

static void draw_samples(samples_t *samples, uint64_t *random, int count)
{
    samples->count = count;
    for (int s = 0; s < count; s++) {
        float best = -1e9f;

        for (int i = 0; i < INPUTS; i++) {
            samples->inputs[s][i] = draw(random);
        }
        for (int c = 0; c < CLASSES; c++) {
            float score = draw(random);

            for (int i = 0; i < INPUTS; i++) {
                score += samples->inputs[s][i] * teacher[i][c];
            }
            if (score > best) {
                best = score;
                samples->classes[s] = c;
            }
        }
    }
}

static void init_params(network_t *network, uint64_t *random)
{
    for (int t = 0; t < TENSORS; t++) {
        size_t count = (size_t)network_counts[t];

        network->params[t] = calloc(count, sizeof(float));
        network->gradients[t] = calloc(count, sizeof(float));
        for (size_t i = 0; i < count; i++) {
            network->params[t][i] = t == TENSOR_SCALE   ? 1
                                    : t == TENSOR_FIRST ? 0.17f * draw(random)
                                    : t == TENSOR_LAST  ? 0.02f * draw(random)
                                                        : 0;
        }
    }
}

void network_init(network_t *network, int rank, int ranks,
                  const network_hooks_t *hooks)
{
    uint64_t random = 1;

    network->ranks = ranks;
    network->hooks = *hooks;
    network->random = 1000 + (uint64_t)rank;
    for (int i = 0; i < INPUTS; i++) {
        for (int c = 0; c < CLASSES; c++) {
            teacher[i][c] = draw(&random);
        }
    }
    draw_samples(&held_out, &random, NETWORK_HELD_OUT);
    init_params(network, &random);
}

/* normal: what goes into the normalisation */
static void multiply_first(const network_t *network, const samples_t *samples,
                           pass_t *to)
{
    memset(to->statistics, 0, sizeof(to->statistics));
    for (int s = 0; s < samples->count; s++) {
        float *out = to->normal[s];

        memset(out, 0, sizeof(to->normal[s]));
        for (int i = 0; i < INPUTS; i++) {
            const float *weights = network->params[TENSOR_FIRST] + i * HIDDEN;
            float input = samples->inputs[s][i];

            for (int h = 0; h < HIDDEN; h++) {
                out[h] += input * weights[h];
            }
        }
        for (int h = 0; h < HIDDEN; h++) {
            to->statistics[h] += out[h];
            to->statistics[HIDDEN + h] += out[h] * out[h];
        }
    }
}

static void normalise(const network_t *network, int count, int all, pass_t *to)
{
    const float *scale = network->params[TENSOR_SCALE];
    const float *shift = network->params[TENSOR_SHIFT];

    for (int h = 0; h < HIDDEN; h++) {
        float mean = to->statistics[h] / (float)all;
        float square = to->statistics[HIDDEN + h] / (float)all;

        to->mean[h] = mean;
        to->scale[h] = 1 / sqrtf(fmaxf(square - mean * mean, 0) + 1e-3f);
    }
    for (int s = 0; s < count; s++) {
        for (int h = 0; h < HIDDEN; h++) {
            float normal = (to->normal[s][h] - to->mean[h]) * to->scale[h];

            to->normal[s][h] = normal;
            to->active[s][h] = fmaxf(scale[h] * normal + shift[h], 0);
        }
    }
}

/* Returns the sample's loss. */
static double score(const network_t *network, int class, const float *active,
                    float *slopes)
{
    double chances[CLASSES], sum = 0;

    for (int c = 0; c < CLASSES; c++) {
        const float *weights = network->params[TENSOR_LAST] + c * HIDDEN;
        float value = network->params[TENSOR_BIAS][c];

        for (int h = 0; h < HIDDEN; h++) {
            value += weights[h] * active[h];
        }
        chances[c] = exp((double)value);
        sum += chances[c];
    }
    for (int c = 0; c < CLASSES; c++) {
        slopes[c] = (float)(chances[c] / sum) - (float)(c == class);
    }
    return -log(chances[class] / sum);
}

/* Returns the mean loss. */
static double look(const network_t *network, const samples_t *samples,
                   pass_t *to)
{
    double loss = 0;

    for (int s = 0; s < samples->count; s++) {
        loss +=
            score(network, samples->classes[s], to->active[s], to->slopes[s]);
    }
    return loss / samples->count;
}

static void differentiate_last(network_t *network)
{
    float *bias = network->gradients[TENSOR_BIAS];

    memset(bias, 0, CLASSES * sizeof(*bias));
    memset(network->gradients[TENSOR_LAST], 0,
           CLASSES * HIDDEN * sizeof(float));
    memset(downward, 0, sizeof(downward));
    for (int s = 0; s < NETWORK_BATCH; s++) {
        for (int c = 0; c < CLASSES; c++) {
            const float *weights = network->params[TENSOR_LAST] + c * HIDDEN;
            float *gradient = network->gradients[TENSOR_LAST] + c * HIDDEN;
            float slope = pass.slopes[s][c] / NETWORK_BATCH;

            bias[c] += slope;
            for (int h = 0; h < HIDDEN; h++) {
                gradient[h] += slope * pass.active[s][h];
                downward[s][h] += slope * weights[h];
            }
        }
        for (int h = 0; h < HIDDEN; h++) {
            downward[s][h] *= (float)(pass.active[s][h] > 0);
        }
    }
}

/* Both are means over the batch already, as `downward` is. */
static void differentiate_normal(network_t *network)
{
    float *scale = network->gradients[TENSOR_SCALE];
    float *shift = network->gradients[TENSOR_SHIFT];

    memset(scale, 0, HIDDEN * sizeof(*scale));
    memset(shift, 0, HIDDEN * sizeof(*shift));
    for (int s = 0; s < NETWORK_BATCH; s++) {
        for (int h = 0; h < HIDDEN; h++) {
            scale[h] += downward[s][h] * pass.normal[s][h];
            shift[h] += downward[s][h];
        }
    }
    memcpy(pass.statistics, shift, HIDDEN * sizeof(*shift));
    memcpy(pass.statistics + HIDDEN, scale, HIDDEN * sizeof(*scale));
}

static void differentiate_first(network_t *network)
{
    const float *scale = network->params[TENSOR_SCALE];
    float all = (float)(NETWORK_BATCH * network->ranks);

    memset(network->gradients[TENSOR_FIRST], 0,
           (size_t)network_counts[TENSOR_FIRST] * sizeof(float));
    for (int s = 0; s < NETWORK_BATCH; s++) {
        for (int h = 0; h < HIDDEN; h++) {
            delta[h] = scale[h] * pass.scale[h] *
                       (downward[s][h] -
                        (pass.statistics[h] +
                         pass.normal[s][h] * pass.statistics[HIDDEN + h]) /
                            all);
        }
        for (int i = 0; i < INPUTS; i++) {
            float *gradient = network->gradients[TENSOR_FIRST] + i * HIDDEN;

            for (int h = 0; h < HIDDEN; h++) {
                gradient[h] += batch.inputs[s][i] * delta[h];
            }
        }
    }
}

void network_differentiate(network_t *network)
{
    draw_samples(&batch, &network->random, NETWORK_BATCH);
    multiply_first(network, &batch, &pass);
    network->hooks.sum_forward(pass.statistics);
    normalise(network, batch.count, batch.count * network->ranks, &pass);
    (void)look(network, &batch, &pass);
    differentiate_last(network);
    network->hooks.ready(TENSOR_BIAS);
    network->hooks.ready(TENSOR_LAST);
    differentiate_normal(network);
    network->hooks.sum_backward(pass.statistics);
    network->hooks.ready(TENSOR_SHIFT);
    network->hooks.ready(TENSOR_SCALE);
    differentiate_first(network);
    network->hooks.ready(TENSOR_FIRST);
}

void network_step(network_t *network, float rate)
{
    for (int t = 0; t < TENSORS; t++) {
        for (int i = 0; i < network_counts[t]; i++) {
            network->params[t][i] -= rate * network->gradients[t][i];
        }
    }
}

double network_loss(const network_t *network)
{
    multiply_first(network, &held_out, &trial);
    normalise(network, held_out.count, held_out.count, &trial);
    return look(network, &held_out, &trial);
}

uint64_t network_checksum(const network_t *network)
{
    uint64_t sum = 0;

    for (int t = 0; t < TENSORS; t++) {
        for (int i = 0; i < network_counts[t]; i++) {
            uint32_t bits;

            memcpy(&bits, &network->params[t][i], sizeof(bits));
            sum = (sum ^ bits) * 1099511628211u;
        }
    }
    return sum;
}
