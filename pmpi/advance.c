#include "pmpi/advance.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/check.h"
#include "pmpi/cost.h"
#include "pmpi/dense_call.h"
#include "pmpi/engine.h"
#include "pmpi/flush.h"
#include "pmpi/guards.h"
#include "pmpi/half.h"
#include "pmpi/periodic_call.h"
#include "pmpi/progress.h"
#include "pmpi/queue.h"
#include "pmpi/reach.h"
#include "pmpi/resident.h"
#include "pmpi/sparse.h"
#include "pmpi/standing.h"
#include "pmpi/start.h"
#include "pmpi/user_op.h"

void spar_advance_begin(spar_op_t *op, spar_op_stage_t stage)
{
    spar_comm_t *comm = op->comm;

    spar_queue_pop(comm);
    op->stage = stage;
    op->next = NULL;
    if (comm->active == NULL) {
        comm->active = op;
    } else {
        comm->active_last->next = op;
    }
    comm->active_last = op;
    spar_tracing_launch(op);
    if (op->layer != NULL) {
        op->layer->active = true;
    }
}

static void leave_lane(spar_op_t *op)
{
    if (op->lane != NULL) {
        op->lane->taken = spar_bundle_keeps(op->lane);
        op->lane = NULL;
    }
}

static void release_arguments(const spar_op_t *op)
{
    if (op->what.dtype == SPAR_DTYPE_BITS16) {
        spar_user_op_release(op->is_wide ? &op->narrow : &op->call);
    }
}

/* The call, which is not among the active ones any more, belongs to the
 * application after this. */
static void finish(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    bool counted = op->counted;

    op->completed = spar_clock_now();
    release_arguments(op);
    if (op->layer != NULL) {
        op->layer->active = false;
    }
    leave_lane(op);
    switch (op->kind) {
    case SPAR_OP_BLOCKING:
        op->waited = op->completed - op->posted;
        spar_cost_note(op);
        atomic_store_explicit(&op->state, SPAR_OP_DONE, memory_order_release);
        break;
    case SPAR_OP_REQUEST:
        atomic_store_explicit(&op->told, true, memory_order_release);
        /* Not recycled before `busy` is free. */
        spar_real.Grequest_complete(op->request);
        atomic_store_explicit(&op->state, SPAR_OP_DONE, memory_order_release);
        break;
    case SPAR_OP_NOTE:
        spar_queue_free(op);
        break;
    }
    if (counted) {
        spar_progress_remove(comm);
    }
}

/* `link` points to the call among the active ones, `before` is the one in front
 * of it. */
static void take_out(spar_op_t **link, spar_op_t *before)
{
    spar_op_t *op = *link;

    *link = op->next;
    if (op->next == NULL) {
        op->comm->active_last = before;
    }
    finish(op);
}

void spar_advance_fail(spar_op_t *op, const char *cause)
{
    if (cause != NULL) {
        spar_error("sparse allreduce failed: %s", cause);
    }
    if (op->is_resident) {
        spar_resident_cancel(op->layer);
    }
    op->comm->failed = true;
    op->code = MPI_ERR_OTHER;
    op->stage = SPAR_OP_ENDED;
    op->lane = NULL; /* the network may still use what is in it */
}

void spar_advance_count_dense(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    size_t bytes = op->what.count * spar_dtype_size(op->what.dtype);

    comm->dense_calls++;
    spar_cost_bytes(op, spar_comm_dense_volume(comm, bytes));
}

/* On the shadow, collective calls have to be in the same order on all ranks:
 * that of the calls. So each waits until those before it have chosen. */
static bool begin_dense(spar_op_t *op, bool in_turn)
{
    spar_tracing_launch(op);
    if (op->kind == SPAR_OP_BLOCKING) {
        spar_shadow_begin_dense(op);
        op->stage = SPAR_OP_CALLERS;
        /* Nobody but its caller can advance it. */
        op->counted = false;
        spar_progress_remove(op->comm);
        atomic_store_explicit(&op->state, SPAR_OP_YOUR_TURN,
                              memory_order_release);
        return true;
    }
    if (!in_turn) {
        return false;
    }
    spar_shadow_begin_dense(op);
    op->code = spar_dense_call_start(&op->call, op->comm->shadow, &op->dense);
    op->stage = SPAR_OP_DENSE;
    if (op->code != MPI_SUCCESS) {
        spar_shadow_end_dense(op);
        op->stage = SPAR_OP_ENDED;
    }
    return true;
}

/* false: op->call is to be made once more. */
static bool end_dense(spar_op_t *op, int code)
{
    op->code = code;
    if (op->is_wide && !spar_flush_end(op)) {
        spar_cost_bytes(
            op, spar_comm_dense_volume(op->comm, spar_layer_bytes(op->layer)));
        return false;
    }
    op->stage = SPAR_OP_ENDED;
    spar_advance_count_dense(op);
    if (op->is_staged) {
        spar_reach_end_staged(op);
    }
    spar_shadow_end_dense(op);
    if (code != MPI_SUCCESS) {
        return true;
    }
    spar_periodic_end_dense(op);
    if (op->standing != NULL) {
        spar_standing_watch(op);
    } else {
        spar_guards_look_at_result(op);
    }
    return true;
}

static bool progress_dense(spar_op_t *op)
{
    int done = 0;
    int code = spar_real.Test(&op->dense, &done, MPI_STATUS_IGNORE);

    if (code == MPI_SUCCESS && !done) {
        return false;
    }
    if (!end_dense(op, code)) {
        op->stage = SPAR_OP_TURNS_DENSE;
    }
    return true;
}

static bool progress_sparse(spar_op_t *op)
{
    bool moved;
    spar_status_t status = spar_sparse_progress(op, &moved);

    if (status == SPAR_INPROGRESS) {
        return moved;
    }
    spar_timeline_end_transfer(op->comm);
    if (status != SPAR_OK) {
        spar_advance_fail(op, spar_sparse_cause(op));
    } else if (spar_sparse_conclude(op)) {
        op->stage = SPAR_OP_ENDED;
    } else {
        op->stage = SPAR_OP_TURNS_DENSE;
        leave_lane(op);
    }
    return true;
}

static bool progress_skipping(spar_op_t *op)
{
    bool moved;
    spar_status_t status = spar_periodic_call_progress(op, &moved);

    if (status == SPAR_INPROGRESS) {
        return moved;
    }
    if (status != SPAR_OK) {
        spar_advance_fail(op, op->cause);
    } else if (spar_periodic_call_conclude(op)) {
        op->stage = SPAR_OP_ENDED;
    } else {
        op->stage = SPAR_OP_TURNS_DENSE;
        leave_lane(op);
    }
    return true;
}

static void end_ring(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    spar_cost_bytes(op, spar_ring_bytes_sent(comm->ring));
    op->stage = SPAR_OP_ENDED;
    op->code = MPI_SUCCESS;
    spar_reach_deliver_or_fail(op);
    spar_check_note(op);
    if (op->layer->sparse && op->layer->trial.method == SPAR_METHOD_RING) {
        op->layer->sparse_calls++; /* mode sparse, asked for by name */
        op->was_sparse = true;
    } else {
        comm->dense_calls++;
        spar_periodic_end_dense(op);
        spar_guards_look_at_result(op);
    }
}

static bool progress_ring(spar_op_t *op)
{
    spar_ring_t *ring = op->comm->ring;
    uint64_t moves = spar_ring_moves(ring);
    spar_status_t status = spar_ring_progress(ring);

    if (status == SPAR_INPROGRESS) {
        return spar_ring_moves(ring) != moves;
    }
    if (status != SPAR_OK) {
        spar_advance_fail(op, "ring exchange failed");
        return true;
    }
    end_ring(op);
    return true;
}

static bool progress_one(spar_op_t *op, bool in_turn)
{
    switch (op->stage) {
    case SPAR_OP_MERGED:
        return spar_bundle_progress(op);
    case SPAR_OP_SPARSE:
        return progress_sparse(op);
    case SPAR_OP_SKIPPING:
        return progress_skipping(op);
    case SPAR_OP_RING:
        return progress_ring(op);
    case SPAR_OP_TURNS_DENSE:
        return begin_dense(op, in_turn);
    case SPAR_OP_DENSE:
        return progress_dense(op);
    default:
        return false;
    }
}

/* Whether the call may still make a collective call on the shadow. One whose
 * ranks have agreed on a flag will, also while its last messages leave, and one
 * of 16-bit floats may, when its sum is known, be it of a sparse exchange or of
 * a flush. */
static bool may_turn_dense(const spar_op_t *op)
{
    return op->stage == SPAR_OP_TURNS_DENSE || op->stage == SPAR_OP_SKIPPING ||
           (op->stage == SPAR_OP_DENSE && op->is_wide) ||
           (op->stage == SPAR_OP_MERGED && !spar_bundle_has_agreed(op)) ||
           (op->stage == SPAR_OP_SPARSE &&
            (spar_engine_is_shadow() || spar_half_is(op->layer) ||
             !spar_sparse_has_agreed(op) || spar_sparse_flags(op) != 0));
}

static bool has_told(const spar_op_t *op)
{
    return op->stage == SPAR_OP_MERGED ? spar_bundle_has_agreed(op)
           : op->stage == SPAR_OP_SPARSE
               ? spar_sparse_has_agreed(op) && spar_sparse_flags(op) == 0
               : op->stage != SPAR_OP_SKIPPING;
}

bool spar_advance_has_told(const spar_comm_t *comm)
{
    const spar_op_t *op = comm->active;

    while (op != NULL && has_told(op)) {
        op = op->next;
    }
    return op == NULL;
}

static bool advance_active(spar_comm_t *comm)
{
    spar_op_t **link = &comm->active;
    spar_op_t *before = NULL;
    bool in_turn = true;
    bool moved = false;

    while (*link != NULL) {
        spar_op_t *op = *link;

        moved = progress_one(op, in_turn) || moved;
        if (op->stage == SPAR_OP_ENDED) {
            take_out(link, before);
            moved = true;
            continue;
        }
        in_turn = in_turn && !may_turn_dense(op);
        before = op;
        link = &op->next;
    }
    return moved;
}

/* Persistent calls: in any order. */
static bool advance_standing(spar_comm_t *comm)
{
    spar_op_t **link = &comm->standing_active;
    bool moved = false;
    spar_op_t *op;

    while ((op = spar_queue_take_start(comm)) != NULL) {
        op->next = comm->standing_active;
        comm->standing_active = op;
        spar_standing_start(op);
        moved = true;
    }
    while ((op = *link) != NULL) {
        moved = (op->stage == SPAR_OP_DENSE ? progress_dense(op)
                                            : spar_standing_progress(op)) ||
                moved;
        if (op->stage == SPAR_OP_ENDED) {
            *link = op->next;
            finish(op);
        } else {
            link = &op->next;
        }
    }
    return moved;
}

bool spar_advance_caller_done(spar_op_t *op, int code)
{
    spar_op_t **link = &op->comm->active;
    spar_op_t *before = NULL;

    if (!end_dense(op, code)) {
        return false;
    }
    while (*link != op) {
        before = *link;
        link = &(*link)->next;
    }
    take_out(link, before);
    return true;
}

void spar_advance_take_back(spar_comm_t *comm)
{
    spar_op_t *op;

    while ((op = spar_queue_take_returned(comm)) != NULL) {
        spar_cost_note(op);
        spar_queue_free(op);
    }
}

/* A bundle that cannot wait takes what has been posted until now. */
static bool hurry_bundle(spar_comm_t *comm)
{
    if (!spar_bundle_is_due(comm)) {
        return false;
    }
    while (spar_start_next(comm)) {
    }
    if (spar_bundle_is_due(comm)) {
        spar_bundle_part(comm);
    }
    return true;
}

bool spar_advance(spar_comm_t *comm)
{
    bool moved = false;
    bool again;

    spar_advance_take_back(comm);
    do {
        again = advance_active(comm);
        again = advance_standing(comm) || again;
        while (spar_start_next(comm)) {
            again = true;
        }
        again = again || hurry_bundle(comm);
        moved = moved || again;
    } while (again);
    return moved;
}
