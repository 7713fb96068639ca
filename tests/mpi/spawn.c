/*
 * Communicators with ranks of another MPI_COMM_WORLD, which may run without
 * the library: merged and used, they must work as ever.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 10000

int main(int argc, char **argv)
{
    static float values[COUNT];
    MPI_Comm parent, inter, all;
    int size, wrong = 0;

    /* The children run without Spar. */
    unsetenv("LD_PRELOAD");
    MPI_Init(&argc, &argv);
    MPI_Comm_get_parent(&parent);
    if (parent == MPI_COMM_NULL) {
        MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 2, MPI_INFO_NULL, 0,
                       MPI_COMM_WORLD, &inter, MPI_ERRCODES_IGNORE);
        MPI_Intercomm_merge(inter, 0, &all);
    } else {
        MPI_Intercomm_merge(parent, 1, &all);
    }
    MPI_Comm_size(all, &size);
    for (int step = 0; step < 40; step++) {
        for (int i = 0; i < COUNT; i++) {
            values[i] = 1;
        }
        MPI_Allreduce(MPI_IN_PLACE, values, COUNT, MPI_FLOAT, MPI_SUM, all);
        for (int i = 0; i < COUNT; i++) {
            wrong += values[i] != (float)size;
        }
    }
    if (parent == MPI_COMM_NULL) {
        printf("%d ranks: %s\n", size, wrong ? "FAILED" : "sums are right");
    }
    MPI_Comm_free(&all);
    MPI_Comm_disconnect(parent == MPI_COMM_NULL ? &inter : &parent);
    MPI_Finalize();
    return wrong != 0;
}
