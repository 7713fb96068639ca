/* A sum that overflows must not take others with it. */
#include <float.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 5000
#define STEPS 40

int main(int argc, char **argv)
{
    static float gradient[COUNT];
    int rank, size, wrong = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < COUNT; i++) {
            gradient[i] = i % 3 == 0 ? (float)(i + rank) : 0;
        }
        gradient[1] = FLT_MAX;
        MPI_Allreduce(MPI_IN_PLACE, gradient, COUNT, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        wrong += !isinf(gradient[1]);
        for (int i = 0; i < COUNT; i++) {
            float sum = (float)(size * i + size * (size - 1) / 2);

            wrong += i != 1 && gradient[i] != (i % 3 == 0 ? sum : 0);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", wrong == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return wrong == 0 ? 0 : 1;
}
