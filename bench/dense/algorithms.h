/* bench_dense: the ways to make a dense allreduce of float32 in place. */
#ifndef SPAR_BENCH_DENSE_ALGORITHMS_H
#define SPAR_BENCH_DENSE_ALGORITHMS_H

#include "bench/dense/openmpi.h"
#include "exchange/ring.h"
#include "pmpi/transport_mpi.h"

/* The last one is Spar's ring. */
#define ALGORITHMS (OPENMPI_ALGORITHMS + 1)

typedef struct algorithms {
    MPI_Comm comms[OPENMPI_ALGORITHMS];
    MPI_Comm comm; /* the ring's */
    spar_transport_mpi_t transport;
    spar_ring_t *ring;
} algorithms_t;

/* Collective, after openmpi_prepare. The ring has room for `count` elements.
 * Ends the job when that cannot be. */
void algorithms_open(algorithms_t *algorithms, uint64_t count);
void algorithms_close(algorithms_t *algorithms);

/* Of algorithm 0 to ALGORITHMS - 1. */
const char *algorithms_name(int algorithm);
bool algorithms_has(const algorithms_t *algorithms, int algorithm);

/* Collective: `data` becomes its sum over all ranks. */
void algorithms_run(algorithms_t *algorithms, int algorithm, float *data,
                    int count);

#endif
