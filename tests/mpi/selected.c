/*
 * A trainer on three communicators, one of which only the first two ranks have,
 * so that the ranks have made different numbers of them; with --persistent,
 * persistent calls on the first one. Gradients are whole numbers (gradients.h):
 * what was delivered over the run, with a flush at the end, must be their exact
 * sum, and the same on all ranks. Tells of each layer whether it was ever
 * anything else than dense.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gradients.h"
#include "persistent.h"

enum {
    STEPS = 40,
    LAYERS = 6
};

typedef struct layer {
    const char *name; /* of its communicator */
    MPI_Comm comm;
    MPI_Request request;
    float *gradient;
    double *delivered;
    double *expected;
    int count;
    int different; /* steps that were not the dense sum */
} layer_t;

static layer_t layers[LAYERS];
static int layer_count;
static int rank, size, failures;

static void check(bool ok, const char *what, int step, int l)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, l,
                what);
    }
}

static void add(const char *name, MPI_Comm comm, int count)
{
    layers[layer_count++] =
        (layer_t){.name = name,
                  .comm = comm,
                  .count = count,
                  .gradient = malloc((size_t)count * sizeof(float)),
                  .delivered = calloc((size_t)count, sizeof(double)),
                  .expected = calloc((size_t)count, sizeof(double)),
                  .request = MPI_REQUEST_NULL};
}

static void make_layers(bool persistent)
{
    MPI_Comm pair, all;

    MPI_Comm_split(MPI_COMM_WORLD, rank < 2 ? 0 : MPI_UNDEFINED, rank, &pair);
    MPI_Comm_dup(MPI_COMM_WORLD, &all);
    add("world", MPI_COMM_WORLD, 5000);
    add("world", MPI_COMM_WORLD, 20000);
    for (int l = 0; persistent && l < layer_count; l++) {
        persistent_allreduce(MPI_IN_PLACE, layers[l].gradient, layers[l].count,
                             MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD,
                             &layers[l].request);
    }
    if (!persistent) {
        add("world", MPI_COMM_WORLD, 6000);
        add("pair", pair, 7000);
        add("all", all, 8000);
        add("all", all, 9000);
    }
}

static int ranks_of(const layer_t *layer)
{
    return strcmp(layer->name, "pair") == 0 ? 2 : size;
}

static void sum(layer_t *layer)
{
    if (layer->request != MPI_REQUEST_NULL) {
        MPI_Start(&layer->request);
        MPI_Wait(&layer->request, MPI_STATUS_IGNORE);
    } else {
        MPI_Allreduce(MPI_IN_PLACE, layer->gradient, layer->count, MPI_FLOAT,
                      MPI_SUM, layer->comm);
    }
}

static void exchange(int step, int l)
{
    layer_t *layer = &layers[l];
    int different = 0;
    uint64_t range[2];

    for (int i = 0; i < layer->count; i++) {
        layer->gradient[i] = (float)gradient_sample(rank, step, l, i);
    }
    sum(layer);
    for (int i = 0; i < layer->count; i++) {
        double whole = gradient_sum(ranks_of(layer), step, l, i);

        different += layer->gradient[i] != (float)whole;
        layer->delivered[i] += layer->gradient[i];
        layer->expected[i] += whole;
    }
    layer->different += different > 0;
    range[0] =
        gradient_hash(layer->gradient, (size_t)layer->count * sizeof(float));
    range[1] = ~range[0];
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_UINT64_T, MPI_MAX, layer->comm);
    check(range[0] == ~range[1], "ranks got different bits", step, l);
}

static void run(void)
{
    const struct timespec pause = {.tv_nsec = 3000000};

    for (int step = 0; step < STEPS; step++) {
        nanosleep(&pause, NULL); /* tells which call is the first one */
        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        for (int l = 0; l < layer_count; l++) {
            if (layers[l].comm != MPI_COMM_NULL) {
                exchange(step, l);
            }
        }
    }
}

static void finish(void)
{
    for (int l = 0; l < layer_count; l++) {
        layer_t *layer = &layers[l];
        int wrong = 0;

        for (int i = 0; i < layer->count; i++) {
            wrong += layer->delivered[i] != layer->expected[i];
        }
        check(wrong == 0, "gradients were lost or made up", STEPS, l);
        if (rank == 0) {
            printf("%s %d: %s\n", layer->name, layer->count,
                   layer->different > 0 ? "sparse" : "dense");
        }
        if (layer->request != MPI_REQUEST_NULL) {
            MPI_Request_free(&layer->request);
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
    make_layers(argc > 1 && strcmp(argv[1], "--persistent") == 0);
    run();
    finish();
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
