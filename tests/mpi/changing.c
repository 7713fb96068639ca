/*
 * A trainer with one layer on MPI_COMM_WORLD, and three other communicators:
 * 93 sums of 57 sizes in an order that never repeats, as of a buffer that is
 * filled with whatever is ready; a few sums, too few to be steps; and one sum.
 * They are freed before the end.
 * Usage: changing [short]   short: without an evaluation behind the steps
 */
#include <mpi.h>
#include <stdio.h>

enum {
    CALLS = 93,
    SIZES = 57,
    LEAST = 5000
};

static float values[LEAST + SIZES + 2000];
static int size, wrong;

static void sum(MPI_Comm comm, int count)
{
    for (int i = 0; i < count; i++) {
        values[i] = 1;
    }
    MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, comm);
}

static void check(int count)
{
    for (int i = 0; i < count; i++) {
        wrong += values[i] != (float)size;
    }
}

int main(int argc, char **argv)
{
    MPI_Comm fused, few, once;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_dup(MPI_COMM_WORLD, &fused);
    MPI_Comm_dup(MPI_COMM_WORLD, &few);
    MPI_Comm_dup(MPI_COMM_WORLD, &once);
    for (int call = 0; call < CALLS; call++) {
        /* Each size once, then some again, far from where they were. */
        int count = LEAST + (call < SIZES ? call : call * call % SIZES);

        sum(MPI_COMM_WORLD, 6000);
        sum(fused, count);
        check(count);
        if (call < 20) {
            sum(few, LEAST + call);
            check(LEAST + call);
        }
    }
    /* An evaluation, say: most calls were in steps all the same. */
    for (int call = 0; argc == 1 && call < 45; call++) {
        sum(MPI_COMM_WORLD, 6001 + call);
    }
    sum(once, LEAST);
    check(LEAST);
    MPI_Comm_free(&fused);
    MPI_Comm_free(&few);
    MPI_Comm_free(&once);
    if (rank == 0) {
        printf("%s\n", wrong == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return wrong != 0;
}
