/*
 * The persistent allreduce: an extension in Open MPI 4.1.
 */
#ifndef TESTS_MPI_PERSISTENT_H
#define TESTS_MPI_PERSISTENT_H

#include <mpi.h>
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
#include <mpi-ext.h>
#endif

static inline int persistent_allreduce(const void *send, void *receive,
                                       int count, MPI_Datatype type, MPI_Op op,
                                       MPI_Comm comm, MPI_Request *request_p)
{
#ifdef OMPI_HAVE_MPI_EXT_PCOLLREQ
    return MPIX_Allreduce_init(send, receive, count, type, op, comm,
                               MPI_INFO_NULL, request_p);
#else
    return MPI_Allreduce_init(send, receive, count, type, op, comm,
                              MPI_INFO_NULL, request_p);
#endif
}

#endif
