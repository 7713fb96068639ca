/* What non-blocking exchanges cost beside a computation; see --help. */
#include "bench/overlap/options.h"
#include "bench/overlap/runs.h"

#include <mpi.h>

int main(int argc, char **argv)
{
    static void (*const runs[])(const options_t *) = {steps_run, pairs_run,
                                                      idle_run};
    options_t options;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    options = options_parse(argc, argv, rank == 0);
    runs[options.kind](&options);
    MPI_Finalize();
    return 0;
}
