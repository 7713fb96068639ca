#include "pmpi/standing.h"

#include "base/log.h"
#include "exchange/allgather.h"
#include "pmpi/advance.h"
#include "pmpi/cost.h"
#include "pmpi/engine.h"
#include "pmpi/flush.h"
#include "pmpi/forecast.h"
#include "pmpi/guards.h"
#include "pmpi/layer_choice.h"
#include "pmpi/machines.h"
#include "pmpi/plan.h"
#include "pmpi/queue.h"
#include "pmpi/reach.h"
#include "pmpi/sparse.h"
#include "policy/density.h"
#include "policy/verdict.h"

#include <stdlib.h>

/* On the shadow: behind those of the lanes and of the ring, three each. */
#define FIRST_TAG  64
#define TAGS       3
#define MOST_CALLS 10000

/* Sparse starts between two reviews. */
#define REVIEW_STARTS 16

/* Elements that are delivered at once: bounds the scratch. */
#define PIECE (256u * 1024u)

/* In the headers, apart from the slots of plans. */
#define SLOT_BASE 0x80000000u

static _Noreturn void end_job(void)
{
    spar_error("out of memory for a persistent allreduce");
    spar_real.Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* Persistent calls have starts, but no steps that could make windows. */
static void judge_first(const spar_comm_t *comm, spar_layer_t *layer)
{
    if (spar_call_is_excluded(comm, layer->count)) {
        layer->why = "persistent: " SPAR_LAYER_EXCLUDED;
    } else if (spar_engine_is_quantised()) {
        layer->why = "persistent: dense in mode quantised";
    } else if (spar_engine.config.mode == SPAR_MODE_AB ||
               spar_engine_is_shadow()) {
        layer->why = "persistent: dense in modes that compare";
    } else if (spar_engine_is_periodic()) {
        layer->why = "persistent: dense in mode periodic";
    } else if (!spar_plan_fits(layer, comm->size)) {
        layer->why = "too large for one message";
    } else {
        layer->sparse = true;
        layer->why = "persistent: sparse after learning";
    }
}

static void fill(spar_standing_t *standing)
{
    spar_comm_t *comm = standing->comm;
    int tag = FIRST_TAG + TAGS * (int)standing->number;
    spar_layer_t *layer = &standing->layer;

    spar_layer_init(layer, &spar_engine.config, standing->dtype,
                    (uint64_t)standing->call.count);
    layer->nonblocking = true;
    judge_first(comm, layer);
    atomic_store(&standing->dense, !layer->sparse);
    layer->flushed_epoch = atomic_load(&spar_engine.flush_epoch);
    spar_selection_init(&standing->lane.selection);
    layer->trial.method = SPAR_METHOD_ALLGATHER;
    if (!spar_machines_make(comm, &standing->lane, tag,
                            SPAR_METHOD_BIT(SPAR_METHOD_ALLGATHER)) ||
        spar_ring_create(&comm->transport.transport, tag + 2,
                         &standing->ring) != SPAR_OK) {
        end_job();
    }
}

spar_standing_t *spar_standing_create(spar_comm_t *comm, spar_dtype_t dtype,
                                      const spar_allreduce_call_t *call,
                                      MPI_Request request)
{
    spar_standing_t *standing;

    if (comm->standing_count >= MOST_CALLS) {
        return NULL;
    }
    standing = calloc(1, sizeof(*standing));
    if (standing == NULL) {
        end_job();
    }
    standing->comm = comm;
    standing->request = request;
    standing->call = *call;
    standing->dtype = dtype;
    spar_queue_hold(comm);
    pthread_mutex_lock(&comm->busy);
    standing->number = comm->standing_count++;
    fill(standing);
    standing->next = comm->standings;
    comm->standings = standing;
    pthread_mutex_unlock(&comm->busy);
    return standing;
}

static void drop_machines(spar_standing_t *standing)
{
    spar_machines_drop(&standing->lane);
    spar_selection_cleanup(&standing->lane.selection);
    spar_ring_destroy(standing->ring);
    standing->ring = NULL;
}

void spar_standing_retire(spar_standing_t *standing)
{
    spar_comm_t *comm = standing->comm;

    pthread_mutex_lock(&comm->busy);
    spar_advance_take_back(comm);
    spar_layer_retire(&standing->layer, "its persistent request was freed");
    drop_machines(standing);
    pthread_mutex_unlock(&comm->busy);
    spar_queue_release(comm);
}

void spar_standing_destroy_all(spar_comm_t *comm)
{
    while (comm->standings != NULL) {
        spar_standing_t *standing = comm->standings;

        comm->standings = standing->next;
        spar_layer_destroy(&standing->layer);
        drop_machines(standing);
        free(standing);
    }
    comm->standing_count = 0;
}

bool spar_standing_is_dense(const spar_standing_t *standing)
{
    return atomic_load(&standing->dense);
}

/* Dense starts before the first sparse one. */
static uint64_t learning_starts(void)
{
    return spar_engine.config.mode == SPAR_MODE_LOSSLESS
               ? 0
               : spar_engine.config.learn_steps;
}

/* What a sparse start will take, from what the dense ones took. */
static double predict(spar_standing_t *standing, double density)
{
    const spar_comm_t *comm = standing->comm;
    const spar_layer_t *layer = &standing->layer;
    spar_model_shape_t shape = spar_forecast_shape(comm, layer, density);
    double bytes =
        (double)spar_comm_dense_volume(comm, spar_layer_bytes(layer));
    spar_model_t model;

    spar_forecast_guess(comm, 0, layer->dense_seconds / bytes,
                        spar_forecast_measure_scan(&standing->lane.selection),
                        &model);
    return spar_model_predict(&model, SPAR_METHOD_ALLGATHER, &shape);
}

/* Mode auto, the first start that could be sparse. Every rank has its own view;
 * one that doubts is enough. */
static bool doubts(spar_standing_t *standing, double density)
{
    spar_layer_t *layer = &standing->layer;

    layer->dense_seconds =
        spar_samples_median(&layer->samples[SPAR_METHOD_MPI]);
    spar_layer_drop_samples(layer);
    layer->predicted_seconds = predict(standing, density);
    standing->judged = true;
    if (!spar_verdict_pays(layer->predicted_seconds, layer->dense_seconds,
                           false)) {
        standing->doubt = "persistent: dense is predicted faster";
    } else if (standing->comm->rank == 0 &&
               !spar_call_is_included(standing->comm, layer->count)) {
        standing->doubt = spar_guard_why(spar_content_judge(&layer->content));
    }
    return standing->doubt != NULL;
}

/* Mode auto, later. */
static bool regrets(spar_standing_t *standing)
{
    spar_layer_t *layer = &standing->layer;
    const spar_samples_t *samples = &layer->samples[SPAR_METHOD_ALLGATHER];
    double seconds;

    if (samples->count < REVIEW_STARTS) {
        return false;
    }
    seconds = spar_samples_median(samples);
    spar_layer_drop_samples(layer);
    if (spar_verdict_review(seconds, layer->dense_seconds, &layer->losses)) {
        standing->doubt = "persistent: sparse proved slower";
    }
    return standing->doubt != NULL;
}

static void start_sparse(spar_op_t *op)
{
    spar_standing_t *standing = op->standing;

    if (spar_engine_is_auto() &&
        (standing->judged ? regrets(standing)
                          : doubts(standing, op->density))) {
        op->flags |= SPAR_WIRE_RETIRE;
    }
    op->lane = &standing->lane;
    op->method = SPAR_METHOD_ALLGATHER;
    op->stage = SPAR_OP_SPARSE;
    if (spar_sparse_start(op, SLOT_BASE | standing->number) != SPAR_OK) {
        spar_advance_fail(op, spar_sparse_cause(op));
    }
}

static void start_dense(spar_op_t *op)
{
    op->dense = op->standing->request;
    op->code = spar_real.Start(&op->dense);
    op->stage = op->code == MPI_SUCCESS ? SPAR_OP_DENSE : SPAR_OP_ENDED;
}

void spar_standing_start(spar_op_t *op)
{
    spar_standing_t *standing = op->standing;
    uint64_t learning = learning_starts();
    uint64_t start = standing->starts++;

    op->layer = &standing->layer;
    op->layer->calls++;
    op->place.slot = -1;
    spar_tracing_launch(op);
    if (op->comm->failed) {
        spar_advance_fail(op, NULL);
    } else if (start < learning || !op->layer->sparse) {
        op->method = SPAR_METHOD_MPI;
        start_dense(op);
    } else {
        op->density = spar_density_at(&spar_engine.config, start - learning);
        start_sparse(op);
    }
}

/* The next piece of the sums that deliver what is owed. */
static bool deliver_piece(spar_op_t *op)
{
    spar_standing_t *standing = op->standing;
    spar_layer_t *layer = op->layer;
    uint64_t left = layer->count - standing->delivered;
    uint64_t count = left < PIECE ? left : PIECE;
    char *data = (char *)spar_reach_result(op) +
                 standing->delivered * spar_dtype_size(layer->dtype);

    standing->delivered += count;
    if (count == 0) {
        op->code = MPI_SUCCESS;
        spar_reach_deliver_or_fail(op);
        op->stage = SPAR_OP_ENDED;
    } else if (spar_ring_start(standing->ring, layer->dtype, count, data) !=
               SPAR_OK) {
        spar_advance_fail(op, "ring exchange failed");
    }
    return true;
}

/* In all ranks' agreement. */
static void begin_delivery(spar_op_t *op, bool for_good)
{
    spar_standing_t *standing = op->standing;

    if (for_good) {
        op->layer->sparse = false;
        atomic_store(&standing->dense, true);
        op->layer->why = standing->doubt != NULL
                             ? standing->doubt
                             : "persistent: dense suits another rank better";
    }
    if (!spar_flush_begin(op)) {
        spar_error("a persistent allreduce cannot be read from its device: the "
                   "other ranks would wait");
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
    if (spar_ring_reserve(standing->ring, op->layer->dtype, PIECE) != SPAR_OK) {
        end_job();
    }
    op->stage = SPAR_OP_RING;
    standing->delivered = 0;
    (void)deliver_piece(op);
}

static bool progress_sparse(spar_op_t *op)
{
    uint32_t flags;
    bool moved;
    spar_status_t status = spar_sparse_progress(op, &moved);

    if (status == SPAR_INPROGRESS) {
        return moved;
    }
    if (status != SPAR_OK) {
        spar_advance_fail(op, spar_sparse_cause(op));
        return true;
    }
    flags = spar_sparse_flags(op);
    if (spar_sparse_conclude(op)) {
        op->stage = SPAR_OP_ENDED;
    } else if ((flags & (SPAR_WIRE_FLUSH | SPAR_WIRE_RETIRE)) != 0 &&
               !spar_flush_waits(op, flags)) {
        begin_delivery(op, (flags & SPAR_WIRE_RETIRE) != 0);
    } else {
        if ((op->flags & SPAR_WIRE_RETIRE) != 0) {
            op->standing->judged = false; /* another start will ask again */
        }
        start_dense(op);
    }
    return true;
}

static bool progress_delivery(spar_op_t *op)
{
    uint64_t moves = spar_ring_moves(op->standing->ring);
    spar_status_t status = spar_ring_progress(op->standing->ring);

    if (status == SPAR_INPROGRESS) {
        return spar_ring_moves(op->standing->ring) != moves;
    }
    spar_cost_bytes(op, spar_ring_bytes_sent(op->standing->ring));
    if (status != SPAR_OK) {
        spar_advance_fail(op, "ring exchange failed");
        return true;
    }
    return deliver_piece(op);
}

bool spar_standing_progress(spar_op_t *op)
{
    switch (op->stage) {
    case SPAR_OP_SPARSE:
        return progress_sparse(op);
    case SPAR_OP_RING:
        return progress_delivery(op);
    default:
        return false;
    }
}

void spar_standing_watch(spar_op_t *op)
{
    if (spar_engine_is_auto() && op->comm->rank == 0 && !op->standing->judged) {
        spar_guards_look_at_content(op);
    }
}
