/*
 * Compares the gradients of fashion_c's networks with finite differences of
 * the loss: for every tensor along its own gradient, where the slope is
 * steepest, and along random directions, which see every element.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "loss.h"
#include "network.h"
#include "random.h"

enum {
    BATCH = 5,
    CLASSES = 10,
    SIDE = 8,
    PIXELS = SIDE * SIDE
};

static const double STEP = 2e-3; /* length of the difference */

typedef struct problem {
    network_t network;
    float inputs[BATCH * PIXELS];
    uint8_t labels[BATCH];
} problem_t;

static double problem_loss(problem_t *problem, float *score_grad)
{
    int correct = 0;
    const float *scores =
        network_forward(&problem->network, problem->inputs, BATCH);

    return loss_softmax(scores, problem->labels, BATCH, CLASSES, score_grad,
                        &correct);
}

static double problem_slope(problem_t *problem, const param_t *param,
                            const float *direction)
{
    double loss[2];
    float *saved = malloc(param->count * sizeof(float));

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < param->count; i++) {
            saved[i] = param->value[i];
            param->value[i] += (float)((side ? -STEP : STEP) * direction[i]);
        }
        loss[side] = problem_loss(problem, NULL);
        for (size_t i = 0; i < param->count; i++)
            param->value[i] = saved[i];
    }
    free(saved);
    return (loss[0] - loss[1]) / (2 * STEP);
}

static double dot(const float *a, const float *b, size_t count)
{
    double total = 0;

    for (size_t i = 0; i < count; i++)
        total += (double)a[i] * b[i];
    return total;
}

/* Direction 0 is the gradient's own. */
static void make_direction(int number, const param_t *param, float *direction)
{
    random_t random = {1000 + (uint64_t)number};
    double length;

    if (number == 0)
        for (size_t i = 0; i < param->count; i++)
            direction[i] = param->grad[i];
    else
        random_fill_normal(&random, 1.0F, direction, param->count);
    length = sqrt(dot(direction, direction, param->count));
    for (size_t i = 0; i < param->count; i++)
        direction[i] = (float)(direction[i] / (length + 1e-30));
}

/* Number of directions in which the gradient is wrong. */
static int check_param(problem_t *problem, const param_t *param,
                       const char *what, int layer)
{
    float *direction = malloc(param->count * sizeof(float));
    double norm = sqrt(dot(param->grad, param->grad, param->count));
    int wrong = norm > 1e-3 ? 0 : 1;

    for (int number = 0; number < 8; number++) {
        double expected;
        double slope;

        make_direction(number, param, direction);
        expected = dot(param->grad, direction, param->count);
        slope = problem_slope(problem, param, direction);
        if (fabs(slope - expected) > 0.01 * norm + 5e-4) {
            printf("layer %d %s direction %d: slope %g, gradient %g\n", layer,
                   what, number, slope, expected);
            wrong++;
        }
    }
    printf("layer %d %s: %zu elements, gradient %g\n", layer, what,
           param->count, norm);
    free(direction);
    return wrong;
}

static int check_network(problem_t *problem)
{
    network_t *network = &problem->network;
    random_t random = {7};
    int wrong = 0;

    random_fill_normal(&random, 1.0F, problem->inputs, BATCH * PIXELS);
    for (int i = 0; i < BATCH; i++)
        problem->labels[i] = (uint8_t)(3 * i % CLASSES);
    problem_loss(problem, network_score_grad(network));
    network_backward(network, problem->inputs, BATCH, NULL, NULL);
    for (int i = 0; i < network->count; i++) {
        if (network->layers[i].weight.count == 0)
            continue;
        wrong += check_param(problem, &network->layers[i].weight, "weight", i);
        wrong += check_param(problem, &network->layers[i].bias, "bias", i);
    }
    return wrong;
}

int main(void)
{
    static const int hidden[] = {24, 17};
    static const int channels[] = {3, 4, 5};
    static problem_t problem;
    int wrong = 0;

    if (network_init_mlp(&problem.network, PIXELS, hidden, 2, CLASSES, BATCH,
                         1) != 0)
        return 2;
    wrong += check_network(&problem);
    network_free(&problem.network);
    if (network_init_cnn(&problem.network, SIDE, channels, 11, CLASSES, BATCH,
                         1) != 0)
        return 2;
    wrong += check_network(&problem);
    network_free(&problem.network);
    return wrong ? 1 : 0;
}
