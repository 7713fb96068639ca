/* Spar: MPI_Allreduce and MPI_Iallreduce. */
#include "pmpi/candidate.h"
#include "pmpi/post.h"

SPAR_EXPORT int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count,
                              MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state = spar_candidate_find(&call, &dtype);

    if (state == NULL) {
        return spar_real.Allreduce(sendbuf, recvbuf, count, datatype, op, comm);
    }
    return spar_post_blocking(state, dtype, &call);
}

SPAR_ALIAS(Allreduce);

SPAR_EXPORT int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count,
                               MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                               MPI_Request *request)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state =
        request == NULL ? NULL : spar_candidate_find(&call, &dtype);

    if (state != NULL && spar_post_nonblocking(state, dtype, &call, request)) {
        return MPI_SUCCESS;
    }
    return spar_real.Iallreduce(sendbuf, recvbuf, count, datatype, op, comm,
                                request);
}

SPAR_ALIAS(Iallreduce);
