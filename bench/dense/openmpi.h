/* The ways in which Open MPI can make an allreduce, each on a communicator. */
#ifndef SPAR_BENCH_DENSE_OPENMPI_H
#define SPAR_BENCH_DENSE_OPENMPI_H

#include <mpi.h>

/* Its own choice, and each of its algorithms. */
#define OPENMPI_ALGORITHMS 7

/* Call it before MPI_Init: makes Open MPI look at the choice of algorithm. */
void openmpi_prepare(void);

/* Collective. Open MPI looks at its settings when it makes a communicator.
 * MPI_COMM_NULL: this MPI does not let the algorithm be chosen. */
void openmpi_open(MPI_Comm comms[OPENMPI_ALGORITHMS]);
void openmpi_close(MPI_Comm comms[OPENMPI_ALGORITHMS]);

/* Of algorithm 0 to OPENMPI_ALGORITHMS - 1; 0 is "default". */
const char *openmpi_name(int algorithm);

#endif
