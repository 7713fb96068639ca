/* bench_dense: the ways to make a dense allreduce of float32 in place. */
#ifndef SPAR_BENCH_DENSE_ALGORITHMS_H
#define SPAR_BENCH_DENSE_ALGORITHMS_H

#include "exchange/ring.h"
#include "pmpi/transport_mpi.h"

/* Open MPI's own choice, and each of its algorithms. */
#define OPENMPI_ALGORITHMS 7
#define ALGORITHMS         (OPENMPI_ALGORITHMS + 1)

typedef struct algorithms {
    /* One communicator per algorithm: Open MPI looks at its settings when it
     * makes one. MPI_COMM_NULL: this MPI does not let an algorithm be chosen.
     */
    MPI_Comm comms[ALGORITHMS];
    spar_transport_mpi_t transport;
    spar_ring_t *ring;
} algorithms_t;

/* Call it before MPI_Init: makes Open MPI look at the choice of algorithm. */
void algorithms_prepare(void);

/* Collective. The ring has room for `count` elements. Ends the job when that
 * cannot be. */
void algorithms_open(algorithms_t *algorithms, uint64_t count);
void algorithms_close(algorithms_t *algorithms);

/* Of algorithm 0 to ALGORITHMS - 1. */
const char *algorithms_name(int algorithm);
bool algorithms_has(const algorithms_t *algorithms, int algorithm);

/* Collective: `data` becomes its sum over all ranks. */
void algorithms_run(algorithms_t *algorithms, int algorithm, float *data,
                    int count);

#endif
