/*
 * A trainer in miniature that uses the large-count functions of MPI 4, one for
 * each layer. Gradients are of few bits, see gradients.h: what was
 * delivered over the run, with a final flush, is exactly the sum of all
 * gradients of all ranks; with --exact, so is every single result. With --huge
 * and --beyond, the counts are larger than an int, see large_count_behind.c.
 */
#include <limits.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradients.h"

#define LAYERS 4
#define STEPS  60

/* Of --beyond; the dense ones come first. */
#define BEYOND_STEPS 6
#define BEYOND_DENSE 4

typedef struct layer {
    MPI_Count count;
    /* Starts the sum, and ends it if it is a blocking one. */
    void (*start)(struct layer *layer);
    void (*init)(struct layer *layer); /* NULL: not persistent */
    float *gradient;
    double *delivered, *expected;
    MPI_Request request;
} layer_t;

static int rank, size, failures;

static void check(bool ok, const char *what, int step, int layer)
{
    if (!ok && failures++ < 5) {
        fprintf(stderr, "rank %d, step %d, layer %d: %s\n", rank, step, layer,
                what);
    }
}

static void start_blocking(layer_t *layer)
{
    MPI_Allreduce_c(MPI_IN_PLACE, layer->gradient, layer->count, MPI_FLOAT,
                    MPI_SUM, MPI_COMM_WORLD);
}

static void start_nonblocking(layer_t *layer)
{
    MPI_Iallreduce_c(MPI_IN_PLACE, layer->gradient, layer->count, MPI_FLOAT,
                     MPI_SUM, MPI_COMM_WORLD, &layer->request);
}

static void start_persistent(layer_t *layer)
{
    MPI_Start(&layer->request);
}

static void init_large(layer_t *layer)
{
    MPI_Allreduce_init_c(MPI_IN_PLACE, layer->gradient, layer->count, MPI_FLOAT,
                         MPI_SUM, MPI_COMM_WORLD, MPI_INFO_NULL,
                         &layer->request);
}

static void init_small(layer_t *layer)
{
    MPI_Allreduce_init(MPI_IN_PLACE, layer->gradient, (int)layer->count,
                       MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, MPI_INFO_NULL,
                       &layer->request);
}

static layer_t layers[LAYERS] = {
    {.count = 20000, .start = start_blocking},
    {.count = 30000, .start = start_nonblocking},
    {.count = 40001, .start = start_persistent, .init = init_large},
    {.count = 10000, .start = start_persistent, .init = init_small},
};

static void prepare(layer_t *layer)
{
    size_t count = (size_t)layer->count;

    layer->gradient = calloc(count, sizeof(float));
    layer->delivered = calloc(count, sizeof(double));
    layer->expected = calloc(count, sizeof(double));
    layer->request = MPI_REQUEST_NULL;
    if (layer->init != NULL) {
        layer->init(layer);
    }
}

static void dispose(layer_t *layer)
{
    if (layer->init != NULL) {
        MPI_Request_free(&layer->request);
    }
    free(layer->gradient);
    free(layer->delivered);
    free(layer->expected);
}

/* Returns whether some element differs from the dense sum. */
static bool account(int step, int l)
{
    layer_t *layer = &layers[l];
    bool different = false;

    for (int i = 0; i < layer->count; i++) {
        double sum = gradient_sum(size, step, l, i);

        different = different || layer->gradient[i] != sum;
        layer->delivered[i] += layer->gradient[i];
        layer->expected[i] += sum;
    }
    return different;
}

static void exchange(int step)
{
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < layers[l].count; i++) {
            layers[l].gradient[i] = (float)gradient_sample(rank, step, l, i);
        }
        layers[l].start(&layers[l]);
    }
    for (int l = 0; l < LAYERS; l++) {
        MPI_Wait(&layers[l].request, MPI_STATUS_IGNORE);
        /* What is not started is complete. */
        MPI_Wait(&layers[l].request, MPI_STATUS_IGNORE);
        check((layers[l].request != MPI_REQUEST_NULL) ==
                  (layers[l].init != NULL),
              "the request is not what it should be after MPI_Wait", step, l);
    }
}

static void train(bool exact)
{
    int different[LAYERS] = {0};

    for (int step = 0; step < STEPS; step++) {
        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        exchange(step);
        for (int l = 0; l < LAYERS; l++) {
            different[l] += account(step, l);
        }
    }
    for (int l = 0; l < LAYERS; l++) {
        size_t bytes = sizeof(double) * (size_t)layers[l].count;

        check(memcmp(layers[l].delivered, layers[l].expected, bytes) == 0,
              "gradients were lost or made up over the run", STEPS, l);
        check(exact ? different[l] == 0 : different[l] > STEPS / 2,
              exact ? "a result is not the dense sum" : "it did not go sparse",
              STEPS, l);
    }
}

/* Nothing that fits into an int may arrive at the MPI behind. */
static void pass_huge_counts(void)
{
    static float value;

    for (int l = 0; l < LAYERS - 1; l++) {
        layer_t *layer = &layers[l];

        layer->count = (MPI_Count)INT_MAX + 1 + l;
        layer->gradient = &value;
        layer->request = MPI_REQUEST_NULL;
        if (layer->init != NULL) {
            layer->init(layer);
        } else {
            layer->start(layer);
            MPI_Wait(&layer->request, MPI_STATUS_IGNORE);
        }
    }
}

/* More elements than an int can tell, nearly all of them zero, so that only the
 * sparse steps need memory: 8.6 GB per rank. */
static void sum_beyond(void)
{
    MPI_Count count = (MPI_Count)INT_MAX + 6;
    float *gradient = calloc((size_t)count, sizeof(float));
    const MPI_Count places[] = {0, 12345, (MPI_Count)1 << 30, count - 1};

    check(gradient != NULL, "no memory", -1, 0);
    for (int step = 0; gradient != NULL && step < BEYOND_STEPS; step++) {
        bool sparse = step >= BEYOND_DENSE;

        for (int i = 0; sparse && i < 4; i++) {
            gradient[places[i]] = (float)(step + i + rank);
        }
        MPI_Allreduce_c(MPI_IN_PLACE, gradient, count, MPI_FLOAT, MPI_SUM,
                        MPI_COMM_WORLD);
        for (int i = 0; sparse && i < 4; i++) {
            int sum = size * (step + i) + size * (size - 1) / 2;

            check(gradient[places[i]] == (float)sum, "a wrong sum", step, i);
        }
        check(gradient[1] == 0 && gradient[count - 2] == 0,
              "a sum from nowhere", step, 0);
    }
    free(gradient);
}

int main(int argc, char **argv)
{
    const char *option = argc > 1 ? argv[1] : "";

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (strcmp(option, "--huge") == 0) {
        pass_huge_counts();
    } else if (strcmp(option, "--beyond") == 0) {
        sum_beyond();
    } else {
        for (int l = 0; l < LAYERS; l++) {
            prepare(&layers[l]);
        }
        train(strcmp(option, "--exact") == 0);
        for (int l = 0; l < LAYERS; l++) {
            dispose(&layers[l]);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
