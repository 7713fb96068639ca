/*
 * A trainer that averages parameters: the same calls as one that exchanges
 * gradients, in which no entry may be left out.
 *   averaging [STEPS]
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 30000

int main(int argc, char **argv)
{
    static float weights[COUNT];
    int steps = argc > 1 ? atoi(argv[1]) : 100;
    int rank, size, wrong = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int i = 0; i < COUNT; i++) {
        weights[i] = (float)(i % 100 + 1);
    }
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < COUNT; i++) {
            weights[i] += 0.0078125f; /* the local update */
        }
        MPI_Allreduce(MPI_IN_PLACE, weights, COUNT, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        for (int i = 0; i < COUNT; i++) {
            weights[i] /= (float)size;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        wrong += weights[i] != (float)(i % 100 + 1) + (float)steps * 0.0078125f;
    }
    if (rank == 0) {
        printf("%s\n", wrong ? "FAILED" : "sums are right");
    }
    MPI_Finalize();
    return wrong != 0;
}
