/*
 * Spar: the large-count functions of MPI 4. They go the way of the int
 * functions; but persistent calls of more elements than an int can tell stay
 * with MPI.
 */
#ifdef SPAR_HAVE_LARGE_COUNT
#include "pmpi/candidate.h"
#include "pmpi/persistent.h"
#include "pmpi/post.h"

#include <limits.h>

SPAR_EXPORT int MPI_Allreduce_c(const void *sendbuf, void *recvbuf,
                                MPI_Count count, MPI_Datatype datatype,
                                MPI_Op op, MPI_Comm comm)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state = spar_candidate_find(&call, &dtype);

    if (state == NULL) {
        return spar_real.Allreduce_c(sendbuf, recvbuf, count, datatype, op,
                                     comm);
    }
    return spar_post_blocking(state, dtype, &call);
}

SPAR_ALIAS(Allreduce_c);

SPAR_EXPORT int MPI_Iallreduce_c(const void *sendbuf, void *recvbuf,
                                 MPI_Count count, MPI_Datatype datatype,
                                 MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state =
        request == NULL ? NULL : spar_candidate_find(&call, &dtype);

    if (state != NULL && spar_post_nonblocking(state, dtype, &call, request)) {
        return MPI_SUCCESS;
    }
    return spar_real.Iallreduce_c(sendbuf, recvbuf, count, datatype, op, comm,
                                  request);
}

SPAR_ALIAS(Iallreduce_c);

SPAR_EXPORT int MPI_Allreduce_init_c(const void *sendbuf, void *recvbuf,
                                     MPI_Count count, MPI_Datatype datatype,
                                     MPI_Op op, MPI_Comm comm, MPI_Info info,
                                     MPI_Request *request)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    int code = spar_real.Allreduce_init_c(sendbuf, recvbuf, count, datatype, op,
                                          comm, info, request);

    return count <= INT_MAX ? spar_persistent_take_over(code, &call, request)
                            : code;
}

SPAR_ALIAS(Allreduce_init_c);
#endif
