/*
 * Trainers whose steps are of unusual shapes, by name:
 *   huge         one large layer and 200 small ones
 *   alternating  one layer has a gradient in every other step only
 *   slower       computation that takes twice as long from the middle on
 *   freed        a communicator that is freed in the middle, and another one
 * Non-blocking calls with one MPI_Waitall, or, with --blocking, blocking ones.
 * Gradients are of few bits (gradients.h): what was delivered over the run,
 * with a flush at the end, must be their exact sum.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gradients.h"

enum {
    STEPS = 60,
    MOST_LAYERS = 201,
    SMALL = 4200,
    USUAL = 20000
};

typedef struct layer {
    int count;
    float *gradient;
    double *delivered;
    double *expected;
} layer_t;

static layer_t layers[MOST_LAYERS];
static int layer_count;
static int rank, size, failures;
static bool blocking;
static const char *shape;

static bool is_shape(const char *name)
{
    return strcmp(shape, name) == 0;
}

static void make_layers(void)
{
    layer_count = is_shape("huge") ? MOST_LAYERS : 5;
    for (int l = 0; l < layer_count; l++) {
        int count = is_shape("huge") ? (l == 0 ? 400000 : SMALL) : USUAL + l;

        layers[l] =
            (layer_t){.count = count,
                      .gradient = malloc((size_t)count * sizeof(float)),
                      .delivered = calloc((size_t)count, sizeof(double)),
                      .expected = calloc((size_t)count, sizeof(double))};
    }
}

static void fill(int step, int l)
{
    for (int i = 0; i < layers[l].count; i++) {
        layers[l].gradient[i] = (float)gradient_sample(rank, step, l, i);
        layers[l].expected[i] += gradient_sum(size, step, l, i);
    }
}

static void compute(int step)
{
    long length = step < STEPS / 2 ? 1000000 : 2000000;
    const struct timespec time = {.tv_nsec = length};

    if (is_shape("slower")) {
        nanosleep(&time, NULL);
    }
}

static bool has_gradient(int step, int l)
{
    return !is_shape("alternating") || l != 1 || step % 2 == 1;
}

static void run_step(int step, MPI_Comm comm)
{
    MPI_Request requests[MOST_LAYERS];

    for (int l = 0; l < layer_count; l++) {
        requests[l] = MPI_REQUEST_NULL;
        if (!has_gradient(step, l)) {
            continue;
        }
        fill(step, l);
        compute(step);
        if (blocking) {
            MPI_Allreduce(MPI_IN_PLACE, layers[l].gradient, layers[l].count,
                          MPI_FLOAT, MPI_SUM, comm);
        } else {
            MPI_Iallreduce(MPI_IN_PLACE, layers[l].gradient, layers[l].count,
                           MPI_FLOAT, MPI_SUM, comm, &requests[l]);
        }
    }
    MPI_Waitall(layer_count, requests, MPI_STATUSES_IGNORE);
    for (int l = 0; l < layer_count; l++) {
        for (int i = 0; has_gradient(step, l) && i < layers[l].count; i++) {
            layers[l].delivered[i] += layers[l].gradient[i];
        }
    }
}

/* The last two steps of a communicator deliver what is owed: a layer may have
 * no gradient in one of them. */
static void train(int from, int to, MPI_Comm comm)
{
    for (int step = from; step < to; step++) {
        if (step >= to - 2) {
            MPI_Pcontrol(2);
        }
        run_step(step, comm);
    }
}

static void run(void)
{
    int middle = is_shape("freed") ? STEPS / 2 : STEPS;
    MPI_Comm comm;

    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    train(0, middle, comm);
    MPI_Comm_free(&comm);
    if (middle < STEPS) {
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        train(middle, STEPS, comm);
        MPI_Comm_free(&comm);
    }
}

static void check_layers(void)
{
    for (int l = 0; l < layer_count; l++) {
        layer_t *layer = &layers[l];
        size_t bytes = (size_t)layer->count * sizeof(double);

        if (memcmp(layer->delivered, layer->expected, bytes) != 0) {
            fprintf(stderr, "rank %d, layer %d: sums are wrong\n", rank, l);
            failures++;
        }
        free(layer->gradient);
        free(layer->delivered);
        free(layer->expected);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    shape = argc > 1 ? argv[1] : "";
    blocking = argc > 2 && strcmp(argv[2], "--blocking") == 0;
    make_layers();
    run();
    check_layers();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
