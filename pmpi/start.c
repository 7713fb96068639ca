#include "pmpi/start.h"

#include "base/log.h"
#include "pmpi/advance.h"
#include "pmpi/agree.h"
#include "pmpi/check.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/layer_choice.h"
#include "pmpi/periodic_call.h"
#include "pmpi/plan.h"
#include "pmpi/queue.h"
#include "pmpi/reach.h"
#include "pmpi/rescale.h"
#include "pmpi/review.h"
#include "pmpi/sparse.h"
#include "pmpi/steps.h"

#include <string.h>

/* Up to so many entries an exchange is small: it may take one of the lanes
 * beside the first. Their scratch stays below a megabyte per rank. */
#define SMALL_ENTRIES 16384

/* Slot of a lossless call outside the sequence, on the wire. */
#define NO_SLOT UINT32_MAX

static bool place(spar_op_t *op)
{
    op->place = spar_sequence_begin(op->comm->sequence, &op->what);
    op->ticket = op->place.ticket;
    if (op->comm->open != NULL && !spar_bundle_awaits(op->comm, op)) {
        spar_bundle_close(op->comm);
    }
    if (op->place.lost) {
        spar_plan_drop(op->comm);
    }
    op->stage = op->place.proposal > 0 ? SPAR_OP_PROPOSED : SPAR_OP_PLACED;
    return true;
}

/* A new plan replaces the layers that calls under way refer to. */
static bool begin_plan(spar_op_t *op)
{
    if (op->comm->active != NULL) {
        return false;
    }
    spar_tracing_agreement(op->comm, NULL);
    spar_plan_begin(op->comm, op->place.proposal);
    op->stage = SPAR_OP_PLANNING;
    return true;
}

/* Each agreement that ends is progress: who waits for the next one must not
 * think that nothing moves. */
static bool progress_plan(spar_op_t *op)
{
    uint64_t before = spar_agree_count(op->comm);

    if (!spar_plan_progress(op->comm, &op->place)) {
        return spar_agree_count(op->comm) != before;
    }
    spar_tracing_agreement(op->comm, "learning");
    op->stage = SPAR_OP_PLACED;
    return true;
}

static void find_layer(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    op->plan = comm->plan;
    op->step_number = comm->steps.begun + 1;
    op->stage = SPAR_OP_READY;
    if (op->place.step_begins) {
        spar_periodic_begin_step(comm, op);
    }
    if (op->place.slot >= 0) {
        op->layer = &comm->layers[op->place.slot];
        op->density = spar_plan_density(comm, op->layer);
        spar_timeline_place(comm, op);
        op->layer->calls++;
        op->layer->moved |= op->layer->address != op->what.address;
        op->layer->address = op->what.address;
    }
    spar_periodic_note_call(op);
    spar_check_place(op);
    spar_tracing_place(op);
}

static void review_or_find_layer(spar_op_t *op)
{
    if (op->place.step_begins && spar_review_is_due(op->comm)) {
        spar_tracing_agreement(op->comm, NULL);
        spar_review_begin(op->comm);
        op->stage = SPAR_OP_REVIEWING;
    } else {
        find_layer(op);
    }
}

/* Residuals are in use by calls under way. */
static bool begin_rescaling(spar_op_t *op)
{
    if (op->comm->active != NULL) {
        return false;
    }
    spar_tracing_agreement(op->comm, NULL);
    spar_rescale_begin(op->comm);
    op->stage = SPAR_OP_RESCALING;
    return true;
}

static bool progress_rescaling(spar_op_t *op)
{
    if (!spar_rescale_progress(op->comm)) {
        return false;
    }
    spar_tracing_agreement(op->comm, "loss scale");
    op->stage = SPAR_OP_PLACED;
    return true;
}

static bool begin_averaging(spar_op_t *op)
{
    if (op->comm->active != NULL) {
        return false;
    }
    spar_tracing_agreement(op->comm, NULL);
    spar_periodic_begin_agreement(op->comm);
    op->stage = SPAR_OP_AVERAGING;
    return true;
}

static bool progress_averaging(spar_op_t *op)
{
    uint64_t before = spar_agree_count(op->comm);

    if (!spar_periodic_progress_agreement(op->comm)) {
        return spar_agree_count(op->comm) != before;
    }
    spar_tracing_agreement(op->comm, "averaging");
    op->stage = SPAR_OP_PLACED;
    return true;
}

/* Whether the loss scale is to be asked about first, and whether replicas are
 * averaged, is the same on all ranks only when the flags of all calls before
 * are known. Reviews and checks, too, want to know what these have come to. */
static bool begin_step(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    bool check = op->place.step_begins && spar_check_is_due(comm);
    bool review = op->place.step_begins && spar_review_is_due(comm);

    if (op->place.step_begins &&
        (spar_rescale_is_on() || spar_periodic_is_waiting(comm)) &&
        !spar_advance_has_told(comm)) {
        return false;
    }
    if (op->place.step_begins && comm->rescale.due) {
        return begin_rescaling(op);
    }
    if (op->place.step_begins && spar_periodic_is_due(comm)) {
        return begin_averaging(op);
    }
    if ((check || review) && comm->active != NULL) {
        return false;
    }
    if (op->place.step_begins && spar_steps_begin(comm, op->posted)) {
        atomic_store(&comm->stop_at, op->number);
        return false; /* the job ends here */
    }
    if (op->place.step_begins) {
        spar_timeline_begin_step(comm, op);
    }
    if (check) {
        spar_tracing_agreement(comm, NULL);
        spar_check_begin(comm);
        op->stage = SPAR_OP_CHECKING;
    } else {
        review_or_find_layer(op);
    }
    return true;
}

static bool progress_check(spar_op_t *op)
{
    uint64_t before = spar_agree_count(op->comm);

    if (!spar_check_progress(op->comm)) {
        return spar_agree_count(op->comm) != before;
    }
    spar_tracing_agreement(op->comm, "check");
    review_or_find_layer(op);
    return true;
}

static bool progress_review(spar_op_t *op)
{
    uint64_t before = spar_agree_count(op->comm);

    if (!spar_review_progress(op->comm)) {
        return spar_agree_count(op->comm) != before;
    }
    spar_tracing_agreement(op->comm, "review");
    find_layer(op);
    return true;
}

/* A lossless call needs no layer that remembers anything. */
static bool is_anonymous(const spar_op_t *op)
{
    spar_layer_t layer;

    if (spar_engine.config.mode != SPAR_MODE_LOSSLESS || op->layer != NULL ||
        spar_dtype_is_16(op->what.dtype) ||
        spar_call_is_excluded(op->comm, op->what.count)) {
        return false;
    }
    spar_layer_init(&layer, &spar_engine.config, op->what.dtype,
                    op->what.count);
    return spar_plan_fits(&layer, op->comm->size);
}

static spar_method_t anonymous_method(const spar_op_t *op)
{
    return is_anonymous(op) ? SPAR_METHOD_ALLGATHER : SPAR_METHOD_MPI;
}

static uint64_t most_entries(const spar_op_t *op)
{
    return op->layer != NULL ? spar_sparse_most_entries(op->layer, op->density)
                             : op->what.count;
}

/* Blocking calls wait for each other anyway. */
static unsigned choose_lane(const spar_op_t *op, uint64_t entries)
{
    /* Side lanes belong to the first lane. */
    bool has_pieces = op->layer != NULL && op->layer->piece_count > 1;

    if (op->kind == SPAR_OP_BLOCKING || entries > SMALL_ENTRIES || has_pieces) {
        return 0;
    }
    return 1 + op->comm->small_lane % (SPAR_LANES - 1);
}

static uint32_t name_layer(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    spar_array_t staged;

    if (op->layer != NULL) {
        return (uint32_t)op->place.slot;
    }
    op->layer = &op->lane->anonymous;
    staged = op->layer->staged;
    spar_layer_init(op->layer, &spar_engine.config, op->what.dtype,
                    op->what.count);
    op->layer->exchanges = comm->anonymous_exchanges++;
    op->layer->staged = staged;
    return NO_SLOT;
}

/* NULL: not free yet. */
static spar_lane_t *take_lane(const spar_op_t *op, uint64_t entries)
{
    spar_comm_t *comm = op->comm;
    unsigned lane = choose_lane(op, entries);

    if (comm->lanes[lane].taken) {
        return NULL;
    }
    if (lane > 0) {
        comm->small_lane = lane;
    }
    comm->lanes[lane].taken = true;
    return &comm->lanes[lane];
}

static bool start_skipping(spar_op_t *op)
{
    op->lane = take_lane(op, 0);
    if (op->lane == NULL) {
        return false;
    }
    op->method = SPAR_METHODS;
    op->wire_slot = (uint32_t)op->place.slot;
    spar_advance_begin(op, SPAR_OP_SKIPPING);
    if (spar_periodic_call_start(op) != SPAR_OK) {
        spar_advance_fail(op, op->cause);
    }
    return true;
}

static bool start_sparse(spar_op_t *op, spar_method_t method, uint64_t entries)
{
    uint32_t slot;

    op->lane = take_lane(op, entries);
    if (op->lane == NULL) {
        return false;
    }
    slot = name_layer(op);
    op->method = method;
    spar_advance_begin(op, SPAR_OP_SPARSE);
    if (spar_sparse_start(op, slot) != SPAR_OK) {
        spar_advance_fail(op, spar_sparse_cause(op));
    }
    return true;
}

/* The ring sums where the result is to be. */
static bool fill_ring(spar_op_t *op)
{
    const void *gradient;
    void *result;

    if (!spar_reach_fetch_all(op)) {
        return false;
    }
    gradient = spar_reach_gradient(op);
    result = spar_reach_result(op);
    if (result != gradient) {
        memcpy(result, gradient, spar_layer_bytes(op->layer));
    }
    return true;
}

/* The ring is one machine: the first lane stands for it. */
static bool start_ring(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    if (comm->lanes[0].taken) {
        return false;
    }
    op->lane = &comm->lanes[0];
    op->lane->taken = true;
    op->method = SPAR_METHOD_RING;
    spar_periodic_begin_dense(op);
    spar_advance_begin(op, SPAR_OP_RING);
    if (!fill_ring(op)) {
        spar_error("a gradient cannot be read from its device: the other ranks "
                   "would wait");
        spar_real.Abort(MPI_COMM_WORLD, 1);
    } else if (spar_ring_start(comm->ring, op->layer->dtype, op->layer->count,
                               spar_reach_result(op)) != SPAR_OK) {
        spar_advance_fail(op, "ring exchange failed");
    }
    return true;
}

/* The group that the call is the first one of; NULL: none. */
static spar_group_t *find_group(const spar_op_t *op)
{
    return op->layer != NULL && op->kind == SPAR_OP_REQUEST
               ? spar_merging_find_group(op->comm, (size_t)op->place.slot)
               : NULL;
}

static bool start_bundle(spar_op_t *op, spar_group_t *group)
{
    spar_lane_t *lane = take_lane(op, spar_bundle_entries(op->comm, group));

    if (lane == NULL) {
        return false;
    }
    spar_bundle_open(lane, group, op->comm);
    spar_bundle_join(op);
    return true;
}

static bool launch(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    spar_group_t *group;
    spar_method_t method;

    if (op->kind == SPAR_OP_NOTE) {
        spar_advance_begin(op, SPAR_OP_ENDED);
        spar_advance_count_dense(op);
        return true;
    }
    if (op->layer != NULL && op->layer->active) {
        return false; /* its residual is in use */
    }
    if (comm->open != NULL) {
        spar_bundle_join(op);
        return true;
    }
    if (spar_periodic_call_takes(op)) {
        return start_skipping(op);
    }
    group = find_group(op);
    if (group != NULL) {
        return start_bundle(op, group);
    }
    method = op->layer != NULL ? spar_choose_method(comm, op->layer)
                               : anonymous_method(op);
    switch (method) {
    case SPAR_METHOD_MPI:
        op->method = method;
        spar_periodic_begin_dense(op);
        spar_advance_begin(op, SPAR_OP_TURNS_DENSE);
        return true;
    case SPAR_METHOD_RING:
        return start_ring(op);
    default:
        return start_sparse(op, method, most_entries(op));
    }
}

bool spar_start_next(spar_comm_t *comm)
{
    spar_op_t *op = spar_queue_first(comm);

    if (op == NULL || op->number >= atomic_load(&comm->stop_at)) {
        return false;
    }
    if (comm->failed) {
        spar_advance_begin(op, SPAR_OP_TURNS_DENSE);
        spar_advance_fail(op, NULL);
        return true;
    }
    switch (op->stage) {
    case SPAR_OP_QUEUED:
        return place(op);
    case SPAR_OP_PROPOSED:
        return begin_plan(op);
    case SPAR_OP_PLANNING:
        return progress_plan(op);
    case SPAR_OP_PLACED:
        return begin_step(op);
    case SPAR_OP_CHECKING:
        return progress_check(op);
    case SPAR_OP_RESCALING:
        return progress_rescaling(op);
    case SPAR_OP_AVERAGING:
        return progress_averaging(op);
    case SPAR_OP_REVIEWING:
        return progress_review(op);
    case SPAR_OP_READY:
        return launch(op);
    default:
        return false;
    }
}
