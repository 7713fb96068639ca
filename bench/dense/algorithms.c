#include "bench/dense/algorithms.h"

#include <stdio.h>

#define RING OPENMPI_ALGORITHMS
#define TAG  1

void algorithms_open(algorithms_t *algorithms, uint64_t count)
{
    int rank, size;

    openmpi_open(algorithms->comms);
    MPI_Comm_dup(MPI_COMM_WORLD, &algorithms->comm);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    spar_transport_mpi_init(&algorithms->transport, algorithms->comm, rank,
                            size);
    if (spar_ring_create(&algorithms->transport.transport, TAG,
                         &algorithms->ring) != SPAR_OK ||
        spar_ring_reserve(algorithms->ring, SPAR_DTYPE_F32, count) != SPAR_OK) {
        fputs("bench_dense: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void algorithms_close(algorithms_t *algorithms)
{
    spar_ring_destroy(algorithms->ring);
    MPI_Comm_free(&algorithms->comm);
    openmpi_close(algorithms->comms);
}

const char *algorithms_name(int algorithm)
{
    return algorithm == RING ? "spar_ring" : openmpi_name(algorithm);
}

bool algorithms_has(const algorithms_t *algorithms, int algorithm)
{
    return algorithm == RING || algorithms->comms[algorithm] != MPI_COMM_NULL;
}

static void run_ring(spar_ring_t *ring, float *data, int count)
{
    spar_status_t status =
        spar_ring_start(ring, SPAR_DTYPE_F32, (uint64_t)count, data);

    if (status == SPAR_OK) {
        /* Where ranks share a core, MPI_Test yields it as MPI_Wait does. */
        do {
            status = spar_ring_progress(ring);
        } while (status == SPAR_INPROGRESS);
    }
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_dense: %s\n", spar_status_string(status));
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void algorithms_run(algorithms_t *algorithms, int algorithm, float *data,
                    int count)
{
    if (algorithm == RING) {
        run_ring(algorithms->ring, data, count);
    } else {
        MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM,
                      algorithms->comms[algorithm]);
    }
}
