/*
 * A trainer whose sums may be rounded (SPAR_MODE=quantised), and that checks
 * what it gets:
 *  - every result is bitwise the same on all ranks;
 *  - none is further from the sum than its values' steps allow;
 *  - the errors of many sums have no mean, and the same gradients twice give
 *    other results, where values are rounded at random;
 *  - calls that are to be as MPI makes them, are: those with NaN or Inf on one
 *    rank, those that a rank pauses, and all before the layers are known.
 * With --descend it trains instead: all ranks come to the mean of their goals.
 */
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

#define LAYERS 3
#define GROUP  64 /* elements with one scale */
/* What MPI's own sums may be off by. */
#define FLOAT_ERROR 1e-5

typedef struct options {
    int steps;
    int bad_step;             /* NaN on one rank; -1: never */
    int pause_from, pause_to; /* steps in which one rank pauses */
    bool nonblocking;
    bool descend;
    double step;        /* between values, over a group's largest one */
    const char *expect; /* rounded, nearest or dense */
} options_t;

static const int counts[LAYERS] = {20001, 40000, 70013};

static int rank, size, failures, rounded, exact;
static double bias, bias_squares;
/* Of the last two steps, which have the same gradients. */
static uint64_t last[2][LAYERS];

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

static bool same_everywhere(const void *data, size_t bytes)
{
    uint64_t hash = gradient_hash(data, bytes);
    uint64_t range[2] = {hash, ~hash};

    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX,
                  MPI_COMM_WORLD);
    return range[0] == ~range[1];
}

static float *allocate(int count)
{
    float *memory = calloc((size_t)count, sizeof(*memory));

    if (memory == NULL) {
        fprintf(stderr, "no memory left for the trainer on rank %d\n", rank);
        MPI_Abort(MPI_COMM_WORLD, 4);
    }
    return memory;
}

/* No multiple of a power of two. */
static double sample(int of, int step, int layer, int i)
{
    return gradient_sample(of, step, layer, i) / 3;
}

static double sum_of(int step, int layer, int i)
{
    return gradient_sum(size, step, layer, i) / 3;
}

/* The sum over the ranks of a group's largest magnitude. */
static double largest_of(int step, int layer, int group)
{
    double sum = 0;

    for (int of = 0; of < size; of++) {
        double most = 0;

        for (int i = group * GROUP;
             i < (group + 1) * GROUP && i < counts[layer]; i++) {
            most = fmax(most, fabs(sample(of, step, layer, i)));
        }
        sum += most;
    }
    return sum;
}

static bool is_bad(const options_t *o, int step, int layer, int i)
{
    return step == o->bad_step && i == counts[layer] / 2;
}

/* Whether MPI's own sum was to come. */
static bool is_dense(const options_t *o, int step)
{
    return step == o->bad_step ||
           (step >= o->pause_from && step <= o->pause_to);
}

static void check_result(const options_t *o, int step, int layer,
                         const float *result)
{
    double worst = 0;

    /* Some of them. */
    for (int i = counts[layer] / 2 % 31; i < counts[layer]; i += 31) {
        double largest = largest_of(step, layer, i / GROUP);
        double error = result[i] - sum_of(step, layer, i);

        if (is_bad(o, step, layer, i)) {
            check(isnan(result[i]), "the bad value did not arrive", step,
                  layer);
            continue;
        }
        check(fabs(error) <= largest * (o->step * (2 + o->step) + FLOAT_ERROR),
              "too far from the sum", step, layer);
        worst = fmax(worst, fabs(error) / (largest + 1e-30));
        bias += error / (largest + 1e-30);
        bias_squares += error * error / (largest * largest + 1e-30);
    }
    check(!is_dense(o, step) || worst <= FLOAT_ERROR,
          "a sum that was to be MPI's is rounded", step, layer);
    rounded += worst > 10 * FLOAT_ERROR;
    exact += worst <= FLOAT_ERROR;
}

/* With the gradients of that step. */
static void run_step(const options_t *o, int step, uint64_t *hashes)
{
    MPI_Request requests[LAYERS];
    float *gradients[LAYERS], *results[LAYERS];

    if (rank == 1 && (step == o->pause_from || step == o->pause_to + 1)) {
        MPI_Pcontrol(step == o->pause_from ? 0 : 1);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        int count = counts[layer];

        gradients[layer] = allocate(count);
        results[layer] =
            layer == 0 ? gradients[layer] : allocate(counts[layer]);
        for (int i = 0; i < count; i++) {
            gradients[layer][i] = (float)sample(rank, step, layer, i);
        }
        if (step == o->bad_step && rank == size - 1) {
            gradients[layer][count / 2] = NAN;
        }
        if (o->nonblocking) {
            MPI_Iallreduce(layer == 0 ? MPI_IN_PLACE : gradients[layer],
                           results[layer], count, MPI_FLOAT, MPI_SUM,
                           MPI_COMM_WORLD, &requests[layer]);
        } else {
            MPI_Allreduce(layer == 0 ? MPI_IN_PLACE : gradients[layer],
                          results[layer], count, MPI_FLOAT, MPI_SUM,
                          MPI_COMM_WORLD);
        }
    }
    if (o->nonblocking) {
        MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        check(same_everywhere(results[layer],
                              (size_t)counts[layer] * sizeof(float)),
              "ranks got different bits", step, layer);
        check_result(o, step, layer, results[layer]);
        hashes[layer] = gradient_hash(results[layer],
                                      (size_t)counts[layer] * sizeof(float));
        if (results[layer] != gradients[layer]) {
            free(results[layer]);
        }
        free(gradients[layer]);
    }
}

/* The last ones, all of one kind. */
static void check_run(const options_t *o)
{
    int sums = LAYERS * o->steps;

    if (strcmp(o->expect, "dense") == 0) {
        check(exact == sums, "a sum was rounded", o->steps, 0);
        return;
    }
    check(rounded > sums / 3 && rounded + exact == sums,
          "few sums were rounded", o->steps, 0);
    for (int layer = 0; layer < LAYERS; layer++) {
        check((last[0][layer] == last[1][layer]) ==
                  (strcmp(o->expect, "nearest") == 0),
              "not as random as it should be", o->steps, layer);
    }
    /* Rounding errors of different elements and steps are independent. */
    check(strcmp(o->expect, "nearest") == 0 || bias * bias <= 25 * bias_squares,
          "the errors have a mean", o->steps, 0);
}

/* Gradient descent to the mean of the ranks' goals, with decreasing steps. */
static void descend(const options_t *o)
{
    int count = counts[1];
    float *weights = allocate(count), *gradient = allocate(count);
    double error = 0, norm = 0;

    for (int step = 0; step < o->steps; step++) {
        double rate = 0.3 / (1 + step / 10.0);

        for (int i = 0; i < count; i++) {
            gradient[i] = weights[i] - (float)sample(rank, 0, 1, i);
        }
        MPI_Allreduce(MPI_IN_PLACE, gradient, count, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        for (int i = 0; i < count; i++) {
            weights[i] -= (float)(rate * gradient[i] / size);
        }
    }
    check(same_everywhere(weights, (size_t)count * sizeof(float)),
          "ranks have different weights", o->steps, 1);
    for (int i = 0; i < count; i++) {
        double goal = sum_of(0, 1, i) / size;

        error += (weights[i] - goal) * (weights[i] - goal);
        norm += goal * goal;
    }
    printf("distance %.4f\n", sqrt(error / norm));
    check(error <= 0.03 * 0.03 * norm, "did not come to its goal", o->steps, 1);
    free(gradient);
    free(weights);
}

static options_t read_options(int argc, char **argv)
{
    options_t o = {.steps = 40,
                   .bad_step = -1,
                   .pause_from = -1,
                   .pause_to = -2,
                   .step = 1 / 128.0,
                   .expect = "rounded"};

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--nonblocking") == 0) {
            o.nonblocking = true;
            continue;
        }
        if (strcmp(argv[i], "--descend") == 0) {
            o.descend = true;
            continue;
        }
        if (strcmp(argv[i], "--steps") == 0) {
            o.steps = atoi(value);
        } else if (strcmp(argv[i], "--bad-step") == 0) {
            o.bad_step = atoi(value);
        } else if (strcmp(argv[i], "--pause") == 0) {
            o.pause_from = atoi(value);
            o.pause_to = o.pause_from + 2;
        } else if (strcmp(argv[i], "--values") == 0) {
            o.step = strcmp(value, "int8") == 0   ? 1 / 63.5
                     : strcmp(value, "fp16") == 0 ? 1 / 1024.0
                                                  : 1 / 128.0;
        } else if (strcmp(argv[i], "--expect") == 0) {
            o.expect = value;
        }
        i++;
    }
    return o;
}

int main(int argc, char **argv)
{
    options_t o = read_options(argc, argv);

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (o.descend) {
        descend(&o);
    } else {
        for (int step = 0; step < o.steps; step++) {
            run_step(&o, step < o.steps - 1 ? step : step - 1, last[step % 2]);
        }
        check_run(&o);
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf(failures == 0 ? "sums are right\n" : "FAILED: %d\n", failures);
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
