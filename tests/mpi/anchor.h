/*
 * Open MPI 4.1 crashes when a communicator is freed with its own non-blocking
 * collectives in flight: they do not keep it alive. A receive does. An anchor
 * is a receive that nobody sends to; it holds its communicator until it is
 * lifted.
 */
#ifndef TESTS_MPI_ANCHOR_H
#define TESTS_MPI_ANCHOR_H

#include <mpi.h>

#define ANCHOR_TAG 30001

static inline void anchor_drop(MPI_Comm comm, MPI_Request *request_p)
{
    int rank;

    MPI_Comm_rank(comm, &rank);
    MPI_Irecv(NULL, 0, MPI_BYTE, rank, ANCHOR_TAG, comm, request_p);
}

/* Returns whether the receive was cancelled, as it should be. */
static inline int anchor_lift(MPI_Request *request)
{
    MPI_Status status;
    int cancelled = 0;

    MPI_Cancel(request);
    MPI_Wait(request, &status);
    MPI_Test_cancelled(&status, &cancelled);
    return cancelled;
}

#endif
