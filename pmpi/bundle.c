#include "pmpi/bundle.h"

#include "base/clock.h"
#include "exchange/split_state.h"
#include "pmpi/advance.h"
#include "pmpi/check.h"
#include "pmpi/cost.h"
#include "pmpi/plan.h"
#include "pmpi/reach.h"
#include "pmpi/rescale.h"
#include "pmpi/sparse.h"

#include <stdlib.h>

/* Seconds that a bundle waits for its next member: a few exchanges of a small
 * layer over a network, which is about what merging saves. Counted from the
 * latest member on, because a thread that lost its processor for a moment posts
 * the next one at once when it is back. */
#define PATIENCE 2e-3
/* Seconds that it gathers at most. */
#define MOST_PATIENCE 8e-3

void spar_bundle_open(spar_lane_t *lane, spar_group_t *group, spar_comm_t *comm)
{
    spar_bundle_t *bundle = &lane->bundle;

    bundle->phase = SPAR_BUNDLE_GATHERING;
    bundle->group = group;
    bundle->step = comm->sequence->steps;
    bundle->opened = spar_clock_now();
    bundle->expected = group->size;
    bundle->joined = 0;
    bundle->begun = 0;
    bundle->occupied = false;
    comm->open = lane;
}

bool spar_bundle_awaits(const spar_comm_t *comm, const spar_op_t *op)
{
    const spar_bundle_t *bundle = &comm->open->bundle;

    return op->kind == SPAR_OP_REQUEST && op->place.slot >= 0 &&
           (size_t)op->place.slot == bundle->group->first + bundle->joined;
}

uint64_t spar_bundle_entries(const spar_comm_t *comm, const spar_group_t *group)
{
    uint64_t entries = 0;

    for (size_t i = 0; i < group->size; i++) {
        const spar_layer_t *layer = &comm->layers[group->first + i];

        entries +=
            spar_sparse_most_entries(layer, spar_plan_density(comm, layer));
    }
    return entries;
}

/* Everything of the exchange that can fail on this rank alone. */
static uint32_t prepare(spar_lane_t *lane, const spar_exchange_size_t *size)
{
    spar_bundle_t *bundle = &lane->bundle;
    spar_group_t *group = bundle->group;
    uint32_t flags = 0;

    /* With flags, too, the others' entries may come. */
    if (spar_exchange_reserve(lane->machines[group->method], size) != SPAR_OK) {
        flags |= SPAR_WIRE_NO_MEMORY;
    }
    if (group->method == SPAR_METHOD_SPLIT && group->piece.split == NULL) {
        group->piece.split = calloc(1, sizeof(*group->piece.split));
        flags |= group->piece.split == NULL ? SPAR_WIRE_NO_MEMORY : 0;
    }
    if (bundle->joined < group->size) {
        flags |= SPAR_WIRE_PARTED;
    }
    for (size_t i = 0; i < bundle->joined; i++) {
        flags |= spar_sparse_requests(bundle->members[i]) |
                 spar_rescale_look(bundle->members[i]);
        flags |=
            spar_reach_reserve(bundle->members[i]) ? 0 : SPAR_WIRE_NO_MEMORY;
        spar_tracing_launch(bundle->members[i]);
    }
    if (flags == 0 &&
        spar_staging_reserve(&bundle->staging, size->dtype, size->count,
                             size->entries) != SPAR_OK) {
        flags = SPAR_WIRE_NO_MEMORY;
    }
    return flags != 0 ? flags
                      : spar_staging_fill(&bundle->staging, bundle->members,
                                          bundle->joined, &lane->selection);
}

/* The communicator has failed: so do all members that are here. */
static void fail(spar_bundle_t *bundle, const char *cause)
{
    for (size_t i = 0; i < bundle->joined; i++) {
        spar_advance_fail(bundle->members[i], i == 0 ? cause : NULL);
    }
    bundle->phase = SPAR_BUNDLE_NONE;
}

static void start(spar_comm_t *comm, spar_lane_t *lane)
{
    spar_bundle_t *bundle = &lane->bundle;
    spar_group_t *group = bundle->group;
    const spar_op_t *op = bundle->members[0];
    spar_layer_t *layers = &comm->layers[group->first];
    spar_exchange_size_t size = {.dtype = layers->dtype,
                                 .values = layers->values,
                                 .count = group->count,
                                 .entries = spar_bundle_entries(comm, group),
                                 .feedback =
                                     layers->select != SPAR_SELECT_NONZERO};
    spar_exchange_call_t call = {
        .selection = &bundle->staging.selection,
        .eager = group->piece.room[lane->number][group->method] >= size.entries,
        .apply = true};

    call.header = (spar_wire_header_t){.slot = (uint32_t)group->first,
                                       .plan = op->plan,
                                       .step = group->exchanges++,
                                       .values = size.values,
                                       .dtype = size.dtype,
                                       .count = size.count,
                                       .flags = prepare(lane, &size)};
    call.gradient = bundle->staging.sums;
    call.out = bundle->staging.sums;
    call.residual = layers->residual != NULL ? bundle->staging.residuals : NULL;
    call.split = group->piece.split;
    bundle->phase = SPAR_BUNDLE_UNDER_WAY;
    lane->exchange = lane->machines[group->method];
    lane->status = spar_exchange_start(lane->exchange, &call);
    spar_timeline_begin_transfer(comm);
    if (lane->status != SPAR_OK) {
        fail(bundle, lane->exchange->cause);
    }
}

void spar_bundle_join(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;
    spar_lane_t *lane = comm->open;
    spar_bundle_t *bundle = &lane->bundle;

    op->lane = lane;
    op->method = bundle->group->method;
    op->wire_slot = (uint32_t)op->place.slot;
    spar_advance_begin(op, SPAR_OP_MERGED);
    bundle->members[bundle->joined++] = op;
    if (bundle->joined < bundle->expected) {
        bundle->grown = spar_clock_now();
        return;
    }
    comm->open = NULL;
    if (bundle->phase == SPAR_BUNDLE_GATHERING) {
        start(comm, lane);
    }
}

static bool is_wanted(const spar_bundle_t *bundle)
{
    bool wanted = false;

    for (size_t i = 0; i < bundle->joined; i++) {
        wanted = wanted || atomic_load(&bundle->members[i]->wanted);
    }
    return wanted;
}

static bool is_late(const spar_bundle_t *bundle)
{
    double now = spar_clock_now();

    return now - bundle->grown > PATIENCE ||
           now - bundle->opened > MOST_PATIENCE;
}

bool spar_bundle_is_due(const spar_comm_t *comm)
{
    const spar_lane_t *lane = comm->open;

    return lane != NULL && !comm->failed &&
           lane->bundle.phase == SPAR_BUNDLE_GATHERING &&
           (is_wanted(&lane->bundle) || is_late(&lane->bundle));
}

void spar_bundle_part(spar_comm_t *comm)
{
    start(comm, comm->open);
}

/* Frees the lane if no member is left. */
static bool is_through(spar_lane_t *lane)
{
    spar_bundle_t *bundle = &lane->bundle;

    if (bundle->occupied || bundle->begun < bundle->expected) {
        return false;
    }
    bundle->phase = SPAR_BUNDLE_NONE;
    lane->taken = false;
    return true;
}

void spar_bundle_close(spar_comm_t *comm)
{
    spar_lane_t *lane = comm->open;
    spar_bundle_t *bundle = &lane->bundle;

    comm->open = NULL;
    bundle->expected = bundle->joined;
    if (bundle->phase == SPAR_BUNDLE_GATHERING) {
        start(comm, lane);
    } else if (bundle->phase == SPAR_BUNDLE_APART) {
        (void)is_through(lane);
    }
}

bool spar_bundle_keeps(spar_lane_t *lane)
{
    spar_bundle_t *bundle = &lane->bundle;

    if (bundle->phase != SPAR_BUNDLE_APART) {
        return false;
    }
    bundle->occupied = false;
    return !is_through(lane);
}

/* What one member has come to; its share of the bytes is that of its
 * elements. */
static void note_member(const spar_lane_t *lane, size_t index, uint64_t before)
{
    const spar_bundle_t *bundle = &lane->bundle;
    const spar_exchange_t *exchange = lane->exchange;
    uint64_t total = bundle->group->count;
    spar_op_t *op = bundle->members[index];
    spar_layer_t *layer = op->layer;
    uint64_t after = before + layer->count;

    layer->exchanges++;
    spar_cost_bytes(op, exchange->bytes_sent * after / total -
                            exchange->bytes_sent * before / total);
    layer->entries_sent += exchange->entries_sent * after / total -
                           exchange->entries_sent * before / total;
    spar_check_note(op);
    spar_sparse_note_merged(op, &bundle->staging.selection,
                            bundle->staging.begins[index],
                            bundle->staging.begins[index + 1]);
}

static void conclude_whole(spar_lane_t *lane)
{
    spar_bundle_t *bundle = &lane->bundle;
    spar_group_t *group = bundle->group;
    const spar_op_t *op = bundle->members[0];
    uint64_t entries = spar_bundle_entries(op->comm, group);
    uint64_t *room = &group->piece.room[lane->number][group->method];
    uint64_t before = 0;

    *room = entries > *room ? entries : *room;
    spar_staging_deliver(&bundle->staging, bundle->members, bundle->joined);
    for (size_t i = 0; i < bundle->joined; i++) {
        note_member(lane, i, before);
        before += bundle->members[i]->layer->count;
    }
    for (size_t i = 0; i < bundle->joined; i++) {
        bundle->members[i]->stage = SPAR_OP_ENDED;
        bundle->members[i]->lane = NULL;
    }
    bundle->phase = SPAR_BUNDLE_NONE;
    lane->taken = false;
    spar_merging_note_whole(group);
}

static void conclude(spar_lane_t *lane)
{
    spar_bundle_t *bundle = &lane->bundle;

    if (lane->exchange->flags == 0) {
        conclude_whole(lane);
        return;
    }
    spar_cost_bytes(bundle->members[0], lane->exchange->bytes_sent);
    if ((lane->exchange->flags & SPAR_WIRE_PARTED) != 0) {
        spar_merging_note_parted(bundle->group, bundle->step);
    }
    bundle->phase = SPAR_BUNDLE_APART;
}

static bool progress_exchange(spar_lane_t *lane)
{
    uint64_t moves = lane->exchange->moves;

    lane->status = spar_exchange_progress(lane->exchange);
    if (lane->status == SPAR_INPROGRESS) {
        return lane->exchange->moves != moves;
    }
    spar_timeline_end_transfer(lane->bundle.members[0]->comm);
    if (lane->status != SPAR_OK) {
        fail(&lane->bundle, lane->exchange->cause);
    } else {
        conclude(lane);
    }
    return true;
}

/* The next member goes its own way. */
static void begin_alone(spar_op_t *op)
{
    spar_bundle_t *bundle = &op->lane->bundle;

    bundle->begun++;
    bundle->occupied = true;
    op->stage = SPAR_OP_SPARSE;
    spar_tracing_launch(op);
    if (spar_sparse_start(op, (uint32_t)op->place.slot) != SPAR_OK) {
        spar_advance_fail(op, spar_sparse_cause(op));
    }
}

bool spar_bundle_progress(spar_op_t *op)
{
    spar_bundle_t *bundle = &op->lane->bundle;

    if (bundle->phase == SPAR_BUNDLE_UNDER_WAY) {
        return op == bundle->members[0] && progress_exchange(op->lane);
    }
    if (op->comm->failed) {
        spar_advance_fail(op, NULL);
        return true;
    }
    if (bundle->phase == SPAR_BUNDLE_APART && !bundle->occupied &&
        op == bundle->members[bundle->begun]) {
        begin_alone(op);
        return true;
    }
    return false;
}

bool spar_bundle_has_agreed(const spar_op_t *op)
{
    const spar_lane_t *lane = op->lane;

    return lane->bundle.phase == SPAR_BUNDLE_UNDER_WAY &&
           lane->exchange->agreed && lane->exchange->flags == 0;
}
