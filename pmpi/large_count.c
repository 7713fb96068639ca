/*
 * Spar: the large-count functions of MPI 4. A count that fits into an int goes
 * the way of the int functions; a larger one stays with MPI, since messages and
 * layers of the engine are no larger than an int can tell.
 */
#ifdef SPAR_HAVE_LARGE_COUNT
#include "base/log.h"
#include "pmpi/candidate.h"
#include "pmpi/engine.h"
#include "pmpi/persistent.h"
#include "pmpi/post.h"

#include <limits.h>

static void say_once(void)
{
    static atomic_bool said;

    if (spar_engine.rank == 0 && !atomic_exchange(&said, true)) {
        spar_info("sums of more than %d elements stay dense", INT_MAX);
    }
}

/* Whether the count fits into the call, which gets it. */
static bool fits(MPI_Count count, spar_allreduce_call_t *call)
{
    spar_dtype_t dtype;

    if (count <= INT_MAX) {
        call->count = count > 0 ? (int)count : 0;
        return true;
    }
    call->count = INT_MAX;
    if (spar_candidate_look(call, &dtype) != NULL) {
        say_once();
    }
    return false;
}

static spar_comm_t *find(MPI_Count count, spar_allreduce_call_t *call,
                         spar_dtype_t *dtype_p)
{
    return fits(count, call) ? spar_candidate_find(call, dtype_p) : NULL;
}

SPAR_EXPORT int MPI_Allreduce_c(const void *sendbuf, void *recvbuf,
                                MPI_Count count, MPI_Datatype datatype,
                                MPI_Op op, MPI_Comm comm)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, 0, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state = find(count, &call, &dtype);

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
    spar_allreduce_call_t call = {sendbuf, recvbuf, 0, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state = request == NULL ? NULL : find(count, &call, &dtype);

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
    spar_allreduce_call_t call = {sendbuf, recvbuf, 0, datatype, op, comm};
    int code = spar_real.Allreduce_init_c(sendbuf, recvbuf, count, datatype, op,
                                          comm, info, request);

    return fits(count, &call) ? spar_persistent_take_over(code, &call, request)
                              : code;
}

SPAR_ALIAS(Allreduce_init_c);
#endif
