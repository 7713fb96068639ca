/* Spar: MPI_Allreduce and MPI_Iallreduce. */
#include "base/clock.h"
#include "pmpi/candidate.h"
#include "pmpi/engine.h"
#include "pmpi/post.h"

/* What the application waits for beside its gradients is not computation. 0:
 * nobody asks. */
static double begin_call(void)
{
    bool wanted =
        atomic_load_explicit(&spar_engine.active, memory_order_relaxed) &&
        spar_densities_are_ruled();

    return wanted ? spar_clock_now() : 0;
}

static void end_call(double begin)
{
    if (begin > 0) {
        spar_timeline_add_blocked(spar_clock_now() - begin);
    }
}

static int pass_on(const spar_allreduce_call_t *call)
{
    double begin = begin_call();
    int code =
        spar_real.Allreduce(call->sendbuf, call->recvbuf, (int)call->count,
                            call->datatype, call->op, call->comm);

    end_call(begin);
    return code;
}

static int pass_on_nonblocking(const spar_allreduce_call_t *call,
                               MPI_Request *request_p)
{
    double begin = begin_call();
    int code =
        spar_real.Iallreduce(call->sendbuf, call->recvbuf, (int)call->count,
                             call->datatype, call->op, call->comm, request_p);

    end_call(begin);
    return code;
}

SPAR_EXPORT int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count,
                              MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state = spar_candidate_find(&call, &dtype);

    if (state == NULL) {
        return pass_on(&call);
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
    return pass_on_nonblocking(&call, request);
}

SPAR_ALIAS(Iallreduce);
