#include "pmpi/dense_call.h"

#include <limits.h>

#ifdef SPAR_HAVE_LARGE_COUNT
static bool is_large(const spar_allreduce_call_t *call)
{
    return call->count > INT_MAX;
}
#endif

int spar_dense_call(const spar_allreduce_call_t *call)
{
#ifdef SPAR_HAVE_LARGE_COUNT
    if (is_large(call)) {
        return spar_real.Allreduce_c(call->sendbuf, call->recvbuf,
                                     (MPI_Count)call->count, call->datatype,
                                     call->op, call->comm);
    }
#endif
    return spar_real.Allreduce(call->sendbuf, call->recvbuf, (int)call->count,
                               call->datatype, call->op, call->comm);
}

int spar_dense_call_start(const spar_allreduce_call_t *call, MPI_Comm comm,
                          MPI_Request *request_p)
{
#ifdef SPAR_HAVE_LARGE_COUNT
    if (is_large(call)) {
        return spar_real.Iallreduce_c(call->sendbuf, call->recvbuf,
                                      (MPI_Count)call->count, call->datatype,
                                      call->op, comm, request_p);
    }
#endif
    return spar_real.Iallreduce(call->sendbuf, call->recvbuf, (int)call->count,
                                call->datatype, call->op, comm, request_p);
}
