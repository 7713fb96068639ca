/* What the C trainers of this folder say to run.py; common.py has the lines. */
#ifndef TRAINERS_TRAINER_H
#define TRAINERS_TRAINER_H

#include "network.h"

#include <mpi.h>
#include <stdio.h>

/* What every trainer does to the weights alone: in one sum or per tensor. */
#define TRAINER_STEPS 150
#define TRAINER_RATE  0.03f

/* The line of rank 0 that tells how training went, and whether all ranks have
 * the same parameters. Returns the exit code. */
static inline int trainer_finish(const network_t *network, double start,
                                 MPI_Comm comm)
{
    uint64_t mine = network_checksum(network), first = mine;
    int rank, same;

    MPI_Comm_rank(comm, &rank);
    MPI_Bcast(&first, 1, MPI_UINT64_T, 0, comm);
    same = first == mine;
    MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, comm);
    if (rank == 0) {
        printf("loss %.6f %.6f\nreplicas %s\n", start, network_loss(network),
               same ? "are identical" : "DIFFER");
    }
    return same ? 0 : 1;
}

#endif
