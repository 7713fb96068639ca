#include "pmpi/takeover.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/plan.h"
#include "policy/density.h"
#include "sparsify/residual.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Polls before the processor is offered to others. Ranks that share cores
 * would otherwise starve the one that everybody waits for; where nobody else
 * is ready, offering costs less than a poll. */
#define POLLS_BEFORE_YIELD 2

/* The report's residual share looks at one exchange in so many. */
#define NORM_EXCHANGES 16

static int raise_error(spar_comm_t *comm, const char *cause)
{
    comm->failed = true;
    spar_error("sparse allreduce failed: %s", cause);
    /* Returns if the handler returns. */
    spar_real.Comm_call_errhandler(comm->handle, MPI_ERR_OTHER);
    return MPI_ERR_OTHER;
}

static int pass_on(const spar_allreduce_call_t *call)
{
    return spar_real.Allreduce(call->sendbuf, call->recvbuf, call->count,
                               call->datatype, call->op, call->comm);
}

static const void *gradient_of(const spar_allreduce_call_t *call)
{
    return call->sendbuf == MPI_IN_PLACE ? call->recvbuf : call->sendbuf;
}

/* Everything that can fail on this rank alone; the flags tell the others. */
static uint32_t prepare(spar_comm_t *comm, spar_layer_t *layer,
                        const void *gradient, spar_wire_header_t *header)
{
    double begin = spar_clock_now();
    uint64_t k = spar_density_entries(spar_plan_density(comm), layer->count);
    bool feedback = layer->selector.kind != SPAR_SELECT_NONZERO;
    uint64_t most = layer->selector.kind == SPAR_SELECT_EXACT ||
                            layer->selector.kind == SPAR_SELECT_TOPK
                        ? k
                        : layer->count;

    if (feedback && layer->residual == NULL) {
        layer->residual = calloc(layer->count, spar_dtype_size(layer->dtype));
        if (layer->residual == NULL) {
            return SPAR_WIRE_NO_MEMORY;
        }
    }
    if (spar_allgather_reserve(comm->allgather, layer->values, layer->count,
                               most) != SPAR_OK ||
        spar_selector_run(&layer->selector, gradient, layer->residual, k,
                          &comm->selection) != SPAR_OK) {
        return SPAR_WIRE_NO_MEMORY;
    }
    if (comm->selection.nonfinite) {
        return SPAR_WIRE_NONFINITE;
    }
    spar_selection_round(&comm->selection, layer->values);
    if (spar_allgather_encode(comm->allgather, &comm->selection, layer->count,
                              header) != SPAR_OK) {
        return SPAR_WIRE_NO_MEMORY;
    }
    layer->select_sum += spar_clock_now() - begin;
    return 0;
}

/* Requests of this rank that hold for all if one rank makes them. */
static uint32_t requests(const spar_layer_t *layer, uint64_t flush_epoch)
{
    uint32_t flags = 0;

    if (atomic_load(&spar_engine.paused)) {
        flags |= SPAR_WIRE_PAUSED;
    }
    if (layer->flush || layer->flushed_epoch < flush_epoch) {
        flags |= SPAR_WIRE_FLUSH;
    }
    return flags;
}

/* Advances an exchange of either kind. */
typedef spar_status_t (*progress_t)(void *exchange);

static spar_status_t progress_allgather(void *exchange)
{
    return spar_allgather_progress(exchange);
}

static spar_status_t progress_ring(void *exchange)
{
    return spar_ring_progress(exchange);
}

static spar_status_t drive(progress_t progress, void *exchange)
{
    unsigned polls = 0;
    spar_status_t status;

    while ((status = progress(exchange)) == SPAR_INPROGRESS) {
        if (++polls % POLLS_BEFORE_YIELD == 0) {
            sched_yield();
        }
    }
    return status;
}

/* A dense exchange that carries the residual: nothing is owed afterwards. */
static int run_flush(spar_layer_t *layer, const spar_allreduce_call_t *call)
{
    size_t bytes = spar_layer_bytes(layer);
    int code;

    if (layer->residual != NULL) {
        spar_residual_commit(layer->dtype, layer->residual, gradient_of(call),
                             NULL, 0, layer->count);
        memcpy(call->recvbuf, layer->residual, bytes);
        memset(layer->residual, 0, bytes);
    } else if (call->sendbuf != MPI_IN_PLACE) {
        memcpy(call->recvbuf, call->sendbuf, bytes);
    }
    code = spar_real.Allreduce(MPI_IN_PLACE, call->recvbuf, call->count,
                               call->datatype, call->op, call->comm);
    layer->owes = false;
    layer->flush = false;
    if (!layer->sparse) {
        spar_layer_cleanup(layer); /* it was the last exchange */
    }
    return code;
}

static double norm2_of(const spar_selection_t *selection)
{
    double sum = 0;

    for (size_t i = 0; i < selection->count; i++) {
        double value = selection->dtype == SPAR_DTYPE_F64
                           ? ((const double *)selection->values)[i]
                           : ((const float *)selection->values)[i];

        sum += value * value;
    }
    return sum;
}

static void count_sparse(spar_comm_t *comm, spar_layer_t *layer, double begin)
{
    layer->owes = layer->residual != NULL;
    layer->entries_sent += comm->selection.count;
    if (layer->exchanges % NORM_EXCHANGES == 1) {
        layer->sent_norm2 = norm2_of(&comm->selection);
    }
    spar_layer_note_sparse(layer, spar_clock_now() - begin);
}

static void count_bytes(spar_comm_t *comm, spar_layer_t *layer, uint64_t bytes)
{
    layer->bytes_sent += bytes;
    comm->bytes_sent += bytes;
}

/* What all ranks have agreed on in the headers. */
static int conclude(spar_comm_t *comm, spar_layer_t *layer, uint32_t flags,
                    uint64_t flush_epoch, double begin,
                    const spar_allreduce_call_t *call)
{
    uint64_t dense = spar_comm_dense_volume(comm, spar_layer_bytes(layer));

    if (flags == 0) {
        count_sparse(comm, layer, begin);
        return MPI_SUCCESS;
    }
    comm->dense_calls++;
    count_bytes(comm, layer, dense);
    if (flags == SPAR_WIRE_FLUSH) {
        layer->flushed_epoch = flush_epoch;
        return run_flush(layer, call);
    }
    /* Non-finite, out of memory, or paused: as if Spar were not there. */
    if ((flags & SPAR_WIRE_NONFINITE) != 0) {
        comm->nonfinite_calls++;
    }
    return pass_on(call);
}

static int run_sparse(spar_comm_t *comm, size_t slot,
                      const spar_allreduce_call_t *call)
{
    spar_layer_t *layer = &comm->layers[slot];
    double begin = spar_clock_now();
    uint64_t flush_epoch = atomic_load(&spar_engine.flush_epoch);
    const void *gradient = gradient_of(call);
    spar_allgather_call_t exchange = {.header = {.slot = (uint32_t)slot,
                                                 .plan = comm->plan,
                                                 .step = layer->exchanges++,
                                                 .values = layer->values,
                                                 .dtype = layer->dtype,
                                                 .count = layer->count},
                                      .selection = &comm->selection,
                                      .gradient = gradient,
                                      .out = call->recvbuf};
    spar_status_t status;

    exchange.header.flags = requests(layer, flush_epoch);
    if ((exchange.header.flags & SPAR_WIRE_PAUSED) == 0) {
        exchange.header.flags |=
            prepare(comm, layer, gradient, &exchange.header);
    }
    exchange.residual = layer->residual;
    status = spar_allgather_start(comm->allgather, &exchange);
    if (status == SPAR_OK) {
        status = drive(progress_allgather, comm->allgather);
    }
    if (status != SPAR_OK) {
        return raise_error(comm, spar_allgather_cause(comm->allgather));
    }
    count_bytes(comm, layer, spar_allgather_bytes_sent(comm->allgather));
    return conclude(comm, layer, spar_allgather_flags(comm->allgather),
                    flush_epoch, begin, call);
}

static int run_ring(spar_comm_t *comm, spar_layer_t *layer,
                    const spar_allreduce_call_t *call)
{
    double begin = spar_clock_now();
    spar_status_t status;

    if (call->sendbuf != MPI_IN_PLACE) {
        memcpy(call->recvbuf, call->sendbuf, spar_layer_bytes(layer));
    }
    status =
        spar_ring_start(comm->ring, layer->dtype, layer->count, call->recvbuf);
    if (status == SPAR_OK) {
        status = drive(progress_ring, comm->ring);
    }
    if (status != SPAR_OK) {
        return raise_error(comm, "ring exchange failed");
    }
    count_bytes(comm, layer, spar_ring_bytes_sent(comm->ring));
    spar_layer_note_sparse(layer, spar_clock_now() - begin);
    return MPI_SUCCESS;
}

int spar_takeover_run(spar_comm_t *comm, size_t slot,
                      const spar_allreduce_call_t *call)
{
    if (comm->failed) {
        return raise_error(comm, "an earlier exchange on this communicator "
                                 "failed");
    }
    if (spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE &&
        !comm->layers[slot].owes) {
        return run_ring(comm, &comm->layers[slot], call);
    }
    return run_sparse(comm, slot, call);
}
