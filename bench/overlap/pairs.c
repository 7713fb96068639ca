#include "bench/overlap/runs.h"
#include "bench/overlap/work.h"
#include "quantile.h"

#include <stdio.h>
#include <stdlib.h>

/* The values stay as they are: what is timed are the calls, and zeros stay
 * zeros when they are summed again and again. */
void pairs_run(const options_t *options)
{
    float *values = work_allocate((size_t)options->count * sizeof(float));
    double *rounds = work_allocate((size_t)options->rounds * sizeof(double));
    MPI_Request request;
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < options->count; i++) {
        values[i] = 0;
    }
    for (int round = -1; round < options->rounds; round++) {
        double begin;

        MPI_Barrier(MPI_COMM_WORLD);
        begin = MPI_Wtime();
        for (int pair = 0; pair < options->steps; pair++) {
            MPI_Iallreduce(MPI_IN_PLACE, values, options->count, MPI_FLOAT,
                           MPI_SUM, MPI_COMM_WORLD, &request);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        }
        if (round >= 0) {
            rounds[round] = (MPI_Wtime() - begin) / options->steps;
        }
    }
    if (rank == 0) {
        printf("pair_p10_ns %.1f\n",
               1e9 * quantile(rounds, options->rounds, 0.1));
        printf("pair_p50_ns %.1f\n",
               1e9 * quantile(rounds, options->rounds, 0.5));
    }
    free(values);
    free(rounds);
}
