/*
 * What Spar adds to calls that it does not take over: nanoseconds per call of
 * MPI_Allreduce on MPI_COMM_SELF, where the call itself costs least. Prints
 * one median per kind of call; bench/passthrough/run compares with and without.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS  20000
#define ROUNDS 51

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const char *name, int count, MPI_Datatype type, MPI_Op op)
{
    static double in[16], out[16];
    double rounds[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        double begin = MPI_Wtime();

        for (int call = 0; call < CALLS; call++) {
            MPI_Allreduce(in, out, count, type, op, MPI_COMM_SELF);
        }
        rounds[round] = (MPI_Wtime() - begin) / CALLS * 1e9;
    }
    qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
    printf("%s %.1f\n", name, rounds[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    measure("control_bits", 1, MPI_LONG_LONG_INT, MPI_BAND);
    measure("integer_sum", 1, MPI_INT, MPI_SUM);
    measure("small_float_sum", 8, MPI_FLOAT, MPI_SUM);
    measure("small_double_sum", 8, MPI_DOUBLE, MPI_SUM);
    MPI_Finalize();
    return 0;
}
