#include "pmpi/candidate.h"

#include "pmpi/engine.h"
#include "pmpi/gate.h"
#include "pmpi/user_op.h"

/* Arguments that MPI must complain about itself. */
static bool is_erroneous(const spar_allreduce_call_t *call)
{
    return call->recvbuf == NULL || call->sendbuf == NULL ||
           call->recvbuf == MPI_IN_PLACE || call->sendbuf == call->recvbuf;
}

/* MPI's own sum of floats, or an operation of the application's on 16 bits,
 * which may be one. */
static bool may_sum(const spar_allreduce_call_t *call, spar_dtype_t *dtype_p)
{
    if (call->op == MPI_SUM) {
        return spar_gate_dtype(call->datatype, dtype_p);
    }
    *dtype_p = SPAR_DTYPE_BITS16;
    return spar_user_op_takes(call);
}

static spar_comm_t *find(const spar_allreduce_call_t *call,
                         spar_dtype_t *dtype_p)
{
    if (!spar_engine.active || call->count <= 0 || !may_sum(call, dtype_p) ||
        is_erroneous(call)) {
        return NULL;
    }
    return spar_comm_find(call->comm);
}

static bool is_small(const spar_allreduce_call_t *call)
{
    return (uint64_t)call->count < spar_engine.config.min_count;
}

spar_comm_t *spar_candidate_find(const spar_allreduce_call_t *call,
                                 spar_dtype_t *dtype_p)
{
    spar_comm_t *comm = find(call, dtype_p);

    if (comm != NULL && is_small(call)) {
        comm->marker =
            spar_sequence_mark(comm->marker, *dtype_p, (uint64_t)call->count);
        return NULL;
    }
    return comm;
}

spar_comm_t *spar_candidate_look(const spar_allreduce_call_t *call,
                                 spar_dtype_t *dtype_p)
{
    spar_comm_t *comm = is_small(call) ? NULL : find(call, dtype_p);

    return comm != NULL && !spar_dtype_is_16(*dtype_p) ? comm : NULL;
}
