/*
 * Tells what a library in the process would read about Horovod's fusion buffer
 * behind MPI_Init.
 * Usage: fusion [LIBRARY before|after]   loads it before or after MPI_Init
 */
#include <dlfcn.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int load(int argc, char **argv, const char *when)
{
    return argc < 3 || strcmp(argv[2], when) != 0 ||
           dlopen(argv[1], RTLD_NOW) != NULL;
}

int main(int argc, char **argv)
{
    int rank, ok = load(argc, argv, "before");
    const char *value;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    value = getenv("HOROVOD_FUSION_THRESHOLD");
    printf("rank %d reads %s\n", rank, value != NULL ? value : "nothing");
    ok = load(argc, argv, "after") && ok;
    MPI_Finalize();
    return ok ? 0 : 1;
}
