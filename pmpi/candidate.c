#include "pmpi/candidate.h"

#include "pmpi/engine.h"
#include "pmpi/gate.h"

/* Arguments that MPI must complain about itself. */
static bool is_erroneous(const spar_allreduce_call_t *call)
{
    return call->recvbuf == NULL || call->sendbuf == NULL ||
           call->recvbuf == MPI_IN_PLACE || call->sendbuf == call->recvbuf;
}

static spar_comm_t *find(const spar_allreduce_call_t *call,
                         spar_dtype_t *dtype_p)
{
    if (!spar_engine.active || call->op != MPI_SUM || call->count <= 0 ||
        !spar_gate_dtype(call->datatype, dtype_p) || is_erroneous(call)) {
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
    return is_small(call) ? NULL : find(call, dtype_p);
}
