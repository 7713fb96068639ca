/* Spar: MPI_Allreduce and MPI_Iallreduce. */
#include "base/clock.h"
#include "pmpi/engine.h"
#include "pmpi/gate.h"
#include "pmpi/plan.h"
#include "pmpi/review.h"
#include "pmpi/steps.h"
#include "pmpi/takeover.h"

/* Arguments that MPI must complain about itself. */
static bool is_erroneous(const spar_allreduce_call_t *call)
{
    return call->recvbuf == NULL || call->sendbuf == NULL ||
           call->recvbuf == MPI_IN_PLACE || call->sendbuf == call->recvbuf;
}

static int run_dense(spar_comm_t *comm, spar_layer_t *layer,
                     const spar_allreduce_call_t *call, size_t bytes)
{
    int code = spar_real.Allreduce(call->sendbuf, call->recvbuf, call->count,
                                   call->datatype, call->op, call->comm);
    uint64_t volume = spar_comm_dense_volume(comm, bytes);

    spar_sequence_end(comm->sequence, spar_clock_now());
    comm->dense_calls++;
    comm->bytes_sent += volume;
    if (layer != NULL) {
        layer->bytes_sent += volume;
    }
    return code;
}

static int run_candidate(spar_comm_t *comm, spar_dtype_t dtype,
                         const spar_allreduce_call_t *call)
{
    spar_sequence_call_t what = {.dtype = dtype,
                                 .count = (uint64_t)call->count,
                                 .address = (uintptr_t)call->recvbuf,
                                 .begin = spar_clock_now()};
    size_t bytes = what.count * spar_dtype_size(dtype);
    spar_sequence_place_t place = spar_sequence_begin(comm->sequence, &what);
    spar_layer_t *layer;
    int code;

    if (place.lost) {
        spar_plan_drop(comm);
    }
    if (place.proposal > 0) {
        place = spar_plan_make(comm, place.proposal);
    }
    if (place.step_begins) {
        spar_steps_begin(comm);
        spar_review_step(comm);
    }
    if (place.slot < 0) {
        return run_dense(comm, NULL, call, bytes);
    }
    layer = &comm->layers[place.slot];
    layer->calls++;
    layer->address = what.address;
    if (spar_plan_takes(comm, layer)) {
        return spar_takeover_run(comm, (size_t)place.slot, call);
    }
    code = run_dense(comm, layer, call, bytes);
    spar_review_watch(comm, layer, call->recvbuf);
    return code;
}

SPAR_EXPORT int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count,
                              MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    spar_allreduce_call_t call = {sendbuf, recvbuf, count, datatype, op, comm};
    spar_dtype_t dtype;
    spar_comm_t *state;

    if (!spar_engine.active || op != MPI_SUM || count <= 0 ||
        !spar_gate_dtype(datatype, &dtype) || is_erroneous(&call)) {
        return spar_real.Allreduce(sendbuf, recvbuf, count, datatype, op, comm);
    }
    state = spar_comm_find(comm);
    if (state != NULL && (uint64_t)count >= spar_engine.config.min_count) {
        int code;

        pthread_mutex_lock(&state->busy);
        code = run_candidate(state, dtype, &call);
        pthread_mutex_unlock(&state->busy);
        return code;
    }
    if (state != NULL) {
        spar_sequence_note_small(state->sequence, dtype, (uint64_t)count);
    }
    return spar_real.Allreduce(sendbuf, recvbuf, count, datatype, op, comm);
}

SPAR_ALIAS(Allreduce);

SPAR_EXPORT int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count,
                               MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                               MPI_Request *request)
{
    spar_dtype_t dtype;

    /* Not taken over; counted, so that the report can say so. */
    if (spar_engine.active && op == MPI_SUM && count > 0 &&
        (uint64_t)count >= spar_engine.config.min_count &&
        spar_gate_dtype(datatype, &dtype)) {
        atomic_fetch_add_explicit(&spar_engine.nonblocking, 1,
                                  memory_order_relaxed);
    }
    return spar_real.Iallreduce(sendbuf, recvbuf, count, datatype, op, comm,
                                request);
}

SPAR_ALIAS(Iallreduce);
