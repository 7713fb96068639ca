/* Sends messages from rank 0 to the last rank and prints the rate in Mbit/s,
 * after the name of every rank's host. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BYTES = 1 << 20
};

static double transfer_rate(int rank, int last, int count)
{
    char *buffer = calloc(1, BYTES);
    double start;

    MPI_Barrier(MPI_COMM_WORLD);
    start = MPI_Wtime();
    for (int i = 0; i < count; i++) {
        if (rank == 0) {
            MPI_Send(buffer, BYTES, MPI_BYTE, last, 0, MPI_COMM_WORLD);
        } else if (rank == last) {
            MPI_Recv(buffer, BYTES, MPI_BYTE, 0, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    free(buffer);
    return 8.0 * BYTES * count / (MPI_Wtime() - start) / 1e6;
}

int main(int argc, char **argv)
{
    char host[MPI_MAX_PROCESSOR_NAME];
    int rank;
    int size;
    int length;
    double rate;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(host, &length);
    printf("rank %d host %s\n", rank, host);
    fflush(stdout);
    transfer_rate(rank, size - 1, 2);
    rate = transfer_rate(rank, size - 1,
                         argc > 1 ? (int)strtol(argv[1], NULL, 10) : 8);
    if (rank == 0)
        printf("mbit_per_s %.1f\n", rate);
    MPI_Finalize();
    return 0;
}
