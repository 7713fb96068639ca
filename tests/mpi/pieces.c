/*
 * Two large layers, each exchanged in several pieces, under way at the same
 * time. Gradients are of few bits, see gradients.h: what was delivered
 * over the run, with a final flush, is exactly the sum of all gradients of all
 * ranks.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gradients.h"

#define LAYERS 2
#define COUNT  4300000
#define STEPS  14

static int rank, size;

/* Layers differ in size. */
static int count_of(int layer)
{
    return COUNT - layer;
}

static void post(int step, int layer, float *gradient, MPI_Request *request)
{
    for (int i = 0; i < count_of(layer); i++) {
        gradient[i] = (float)gradient_sample(rank, step, layer, i);
    }
    MPI_Iallreduce(MPI_IN_PLACE, gradient, count_of(layer), MPI_FLOAT, MPI_SUM,
                   MPI_COMM_WORLD, request);
}

static void train(float *gradients[LAYERS], double *owed[LAYERS])
{
    for (int step = 0; step < STEPS; step++) {
        MPI_Request requests[LAYERS];

        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        for (int layer = 0; layer < LAYERS; layer++) {
            post(step, layer, gradients[layer], &requests[layer]);
        }
        MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
        for (int layer = 0; layer < LAYERS; layer++) {
            for (int i = 0; i < count_of(layer); i++) {
                owed[layer][i] +=
                    gradient_sum(size, step, layer, i) - gradients[layer][i];
            }
        }
    }
}

int main(int argc, char **argv)
{
    float *gradients[LAYERS];
    double *owed[LAYERS];
    int wrong = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int layer = 0; layer < LAYERS; layer++) {
        gradients[layer] = calloc(COUNT, sizeof(float));
        owed[layer] = calloc(COUNT, sizeof(double));
    }
    train(gradients, owed);
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < COUNT; i++) {
            wrong += owed[layer][i] != 0;
        }
        free(gradients[layer]);
        free(owed[layer]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", wrong == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return wrong == 0 ? 0 : 1;
}
