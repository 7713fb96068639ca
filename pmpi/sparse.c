#include "pmpi/sparse.h"

#include "base/clock.h"
#include "exchange/split_state.h"
#include "pmpi/engine.h"
#include "pmpi/fresh.h"
#include "pmpi/half.h"
#include "pmpi/reach.h"
#include "pmpi/rescale.h"
#include "pmpi/resident.h"
#include "pmpi/rounded.h"
#include "pmpi/sparse_part.h"
#include "policy/density.h"
#include "sparsify/residual.h"

#include <stdlib.h>
#include <string.h>

uint64_t spar_sparse_most_entries(const spar_layer_t *layer, double density)
{
    return spar_layer_most_entries(layer, layer->count, density);
}

static void *at(const spar_layer_t *layer, const void *elements,
                const spar_piece_t *piece)
{
    return elements == NULL ? NULL
                            : (char *)elements +
                                  piece->first * spar_dtype_size(layer->dtype);
}

static bool has_residual(spar_layer_t *layer)
{
    if (layer->select != SPAR_SELECT_NONZERO && layer->residual == NULL) {
        layer->residual = calloc(layer->count, spar_dtype_size(layer->dtype));
        return layer->residual != NULL;
    }
    return true;
}

static bool has_out(const spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    return spar_reach_reserve(op) &&
           (!spar_engine_is_shadow() || spar_shadow_reserve(layer)) &&
           (!spar_half_is(layer) || spar_half_reserve(layer));
}

static void *out_of(const spar_op_t *op)
{
    if (spar_engine_is_shadow()) {
        return op->layer->shadow.out;
    }
    return spar_half_is(op->layer) ? op->layer->wide : spar_reach_result(op);
}

/* In the layer's own type. */
static const void *gradient_of(const spar_op_t *op)
{
    return spar_half_is(op->layer) ? op->layer->wide : spar_reach_gradient(op);
}

static bool has_split_state(const spar_op_t *op, spar_piece_t *piece)
{
    if (op->method == SPAR_METHOD_SPLIT && piece->split == NULL) {
        piece->split = calloc(1, sizeof(*piece->split));
        return piece->split != NULL;
    }
    return true;
}

uint64_t spar_sparse_seed(const spar_op_t *op)
{
    uint64_t place =
        (((uint64_t)op->comm->number << 32) + (uint64_t)op->comm->rank) *
            SPAR_PIECES +
        op->pieces_started;
    uint64_t seed = ((uint64_t)op->wire_slot << 32 | op->layer->exchanges) ^
                    place * 0x9e3779b97f4a7c15u;

    bool random = spar_engine.config.round == SPAR_CONFIG_ROUND_RANDOM ||
                  (spar_engine.config.round == SPAR_CONFIG_ROUND_AUTO &&
                   op->method == SPAR_METHOD_QUANTISED);

    return random ? seed << 1 | 1 : 0;
}

/* Whether the selection leaves gradient + residual in the array beside the
 * residual. */
static bool sums_beside(const spar_layer_t *layer)
{
    return layer->fresh != NULL && layer->select == SPAR_SELECT_EXACT;
}

/* If it is wanted. */
static spar_status_t run_selector(const spar_op_t *op, spar_piece_t *piece,
                                  bool fresh, spar_selection_t *selection)
{
    spar_layer_t *layer = op->layer;
    const void *gradient = at(layer, gradient_of(op), piece);
    const void *residual = at(layer, layer->residual, piece);
    uint64_t k = spar_density_entries(op->density, piece->count);

    return fresh && sums_beside(layer)
               ? spar_selector_run_sum(&piece->selector, gradient, residual, k,
                                       selection,
                                       at(layer, layer->fresh, piece))
               : spar_selector_run(&piece->selector, gradient, residual, k,
                                   selection);
}

/* Everything that can fail on this rank alone; the flags tell the others. */
static uint32_t select_piece(spar_op_t *op, spar_piece_t *piece, bool fresh,
                             spar_selection_t *selection)
{
    spar_layer_t *layer = op->layer;
    uint64_t entries =
        spar_layer_most_entries(layer, piece->count, op->density);

    if (!has_residual(layer)) {
        return SPAR_WIRE_NO_MEMORY;
    }
    if (fresh) {
        spar_fresh_prepare(layer);
    }
    if (run_selector(op, piece, fresh, selection) != SPAR_OK) {
        return SPAR_WIRE_NO_MEMORY;
    }
    if (selection->nonfinite) {
        return SPAR_WIRE_NONFINITE;
    }
    if (layer->natural && selection->count > entries) {
        return SPAR_WIRE_NO_MEMORY; /* for so many entries */
    }
    layer->many = layer->many || selection->count > entries / 2;
    return 0;
}

/* Gradient and residual, wherever they are. */
static bool can_read(const spar_op_t *op, const spar_piece_t *piece)
{
    return spar_reach_fetch(op, piece->first, piece->count) &&
           spar_resident_leave(op->layer);
}

uint32_t spar_sparse_select(spar_op_t *op, spar_selection_t *selection)
{
    double begin = spar_clock_now();
    uint32_t flags = can_read(op, &op->layer->piece)
                         ? select_piece(op, &op->layer->piece, false, selection)
                         : SPAR_WIRE_NO_MEMORY;

    op->layer->select_sum += spar_clock_now() - begin;
    spar_tracing_selection(op, begin);
    return flags;
}

/* On the device that holds the gradient. */
static uint32_t prepare_resident(spar_op_t *op, const spar_part_t *part)
{
    spar_layer_t *layer = op->layer;
    spar_selection_t *selection = &part->lane->selection;
    uint32_t flags = SPAR_WIRE_NO_MEMORY;

    if (has_residual(layer)) {
        flags = spar_resident_select(
            op, part->piece,
            spar_density_entries(op->density, part->piece->count),
            spar_sparse_seed(op), selection);
    }
    layer->many = layer->many ||
                  (flags == 0 && selection->count > part->size.entries / 2);
    return flags;
}

static uint32_t prepare(spar_op_t *op, const spar_part_t *part)
{
    spar_selection_t *selection = &part->lane->selection;
    uint32_t flags;

    if (op->is_resident) {
        return prepare_resident(op, part);
    }
    if (!can_read(op, part->piece)) {
        return SPAR_WIRE_NO_MEMORY;
    }
    if (op->method == SPAR_METHOD_QUANTISED) {
        return spar_rounded_prepare(at(op->layer, gradient_of(op), part->piece),
                                    part->piece->count, selection);
    }
    if (spar_half_is(op->layer)) {
        spar_half_widen(op, part->piece);
    }
    flags = select_piece(op, part->piece, true, selection);
    if (flags == 0) {
        spar_selection_round(selection, op->layer->values,
                             spar_sparse_seed(op));
    }
    return flags;
}

uint32_t spar_sparse_requests(const spar_op_t *op)
{
    uint32_t flags = op->flags;

    if (op->paused) {
        flags |= SPAR_WIRE_PAUSED;
    }
    if (op->what.element != op->layer->element) {
        flags |= SPAR_WIRE_NO_MEMORY; /* another operation than was agreed on */
    }
    if (op->layer->select != SPAR_SELECT_NONZERO &&
        (op->layer->flush || op->layer->unread ||
         op->layer->flushed_epoch < op->flush_epoch)) {
        flags |= SPAR_WIRE_FLUSH;
    }
    return flags;
}

/* What the exchange makes the new residual of. */
static void set_residual(const spar_op_t *op, spar_piece_t *piece,
                         spar_exchange_call_t *call)
{
    spar_layer_t *layer = op->layer;
    const void *before = at(layer, layer->residual, piece);

    if (op->is_resident) {
        if (op->flags == 0) {
            spar_resident_point(op, piece, call);
        }
        return;
    }

    if (layer->fresh == NULL) {
        call->residual = at(layer, layer->residual, piece);
    } else {
        call->residual = at(layer, layer->fresh, piece);
    }
    if (sums_beside(layer)) {
        return;
    }
    call->gradient = at(layer, gradient_of(op), piece);
    if (layer->fresh != NULL && op->flags == 0) {
        memcpy(call->residual, before,
               piece->count * spar_dtype_size(layer->dtype));
    }
}

/* Whether this rank could put its part into a flush, which any rank may have
 * asked for. Without the memory to select from it, the piece is looked at all
 * the same: no residual is flushed together with values that are not finite.
 * Where the device has selected, it is read for a flush that this rank knows
 * of. A flush of 16 bits needs memory anyway. */
static uint32_t look_for_flush(const spar_op_t *op, const spar_piece_t *piece)
{
    const spar_layer_t *layer = op->layer;
    bool selected = (op->flags & SPAR_WIRE_NO_MEMORY) == 0;
    bool flushes = (op->flags & (SPAR_WIRE_FLUSH | SPAR_WIRE_RETIRE)) != 0;

    if (spar_half_is(layer) || (selected && !(op->is_resident && flushes))) {
        return 0;
    }
    if (!can_read(op, piece)) {
        return SPAR_WIRE_UNREAD;
    }
    return selected || spar_residual_is_finite(
                           layer->dtype, at(layer, layer->residual, piece),
                           at(layer, gradient_of(op), piece), piece->count)
               ? 0
               : SPAR_WIRE_NONFINITE;
}

/* The next piece. What this rank knows against the call it tells with every
 * piece from then on. */
static spar_status_t start_piece(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    spar_part_t part = spar_part_of(op, op->pieces_started);
    spar_exchange_t *exchange = part.lane->machines[op->method];
    spar_exchange_call_t call = {.header = {.slot = op->wire_slot,
                                            .plan = op->plan,
                                            .step = layer->exchanges,
                                            .values = layer->values,
                                            .dtype = layer->dtype,
                                            .count = part.piece->count},
                                 .selection = &part.lane->selection,
                                 .eager = *spar_part_room(op, &part) >=
                                          part.size.entries,
                                 .apply = layer->piece_count == 1};
    double begin = spar_clock_now();

    /* With flags, too, the others' entries may come. */
    if (spar_exchange_reserve(exchange, &part.size) != SPAR_OK ||
        !has_split_state(op, part.piece) || !has_out(op)) {
        op->flags |= SPAR_WIRE_NO_MEMORY;
    }
    if ((op->flags &
         (SPAR_WIRE_PAUSED | SPAR_WIRE_NO_MEMORY | SPAR_WIRE_NONFINITE)) == 0) {
        op->flags |= prepare(op, &part);
        layer->select_sum += spar_clock_now() - begin;
        spar_tracing_selection(op, begin);
    }
    op->flags |= look_for_flush(op, part.piece);
    call.header.flags = op->flags;
    call.out = at(layer, out_of(op), part.piece);
    set_residual(op, part.piece, &call);
    call.split = part.piece->split;
    call.seed = spar_sparse_seed(op);
    part.lane->exchange = exchange;
    part.lane->status = SPAR_INPROGRESS;
    op->pieces_started++;
    op->cause = exchange->cause;
    return spar_exchange_start(exchange, &call);
}

spar_status_t spar_sparse_start(spar_op_t *op, uint32_t slot)
{
    spar_status_t status;

    op->wire_slot = slot;
    op->pieces_started = 0;
    op->pieces_unsettled =
        op->layer->piece_count == 1 ? 0 : op->layer->piece_count;
    op->flags = spar_sparse_requests(op) | spar_rescale_look(op);
    op->is_resident = spar_resident_takes(op);
    op->delivers = op->overflows = false;
    op->layer->exchanges++;
    if (spar_engine_is_shadow()) {
        spar_shadow_begin_sparse(op);
    }
    status = start_piece(op);
    if (op->standing == NULL) {
        spar_timeline_begin_transfer(op->comm);
    }
    return status;
}

static spar_status_t progress_piece(spar_op_t *op, unsigned index,
                                    bool *moved_p)
{
    spar_lane_t *lane = spar_part_lane(op, index);
    uint64_t moves = lane->exchange->moves;

    if (lane->status == SPAR_INPROGRESS) {
        lane->status = spar_exchange_progress(lane->exchange);
        *moved_p = *moved_p || lane->status != SPAR_INPROGRESS ||
                   lane->exchange->moves != moves;
    }
    if (lane->status < 0) {
        op->cause = lane->exchange->cause;
    }
    return lane->status;
}

bool spar_sparse_has_agreed(const spar_op_t *op)
{
    bool agreed = op->pieces_started == op->layer->piece_count;

    for (unsigned i = 0; agreed && i < op->pieces_started; i++) {
        agreed = spar_part_lane(op, i)->exchange->agreed;
    }
    return agreed;
}

uint32_t spar_sparse_flags(const spar_op_t *op)
{
    uint32_t flags = 0;

    for (unsigned i = 0; i < op->pieces_started; i++) {
        flags |= spar_part_lane(op, i)->exchange->flags;
    }
    return flags;
}

/* Nothing of a large layer changes before all is known of all of it. Then the
 * piece that was selected last is applied first, because most of it is still in
 * the caches, and the next one when that is through or waits for the network.
 */
static void settle_pieces(spar_op_t *op, bool moved)
{
    if (spar_sparse_flags(op) != 0) {
        while (op->pieces_unsettled > 0) {
            op->pieces_unsettled--;
            spar_exchange_settle(
                spar_part_lane(op, op->pieces_unsettled)->exchange, false);
        }
    } else if (!moved) {
        op->pieces_unsettled--;
        spar_exchange_settle(spar_part_lane(op, op->pieces_unsettled)->exchange,
                             true);
    }
}

/* Behind the exchange: what its device still does takes microseconds, and
 * nobody is to sleep for it. */
static spar_status_t finish(spar_op_t *op, bool *moved_p)
{
    spar_status_t status = SPAR_OK;

    if (op->is_resident && spar_sparse_flags(op) == 0) {
        op->cause = "its device cannot deliver the result";
        status = spar_resident_finish(op);
        *moved_p = *moved_p || status == SPAR_INPROGRESS;
    }
    return status;
}

spar_status_t spar_sparse_progress(spar_op_t *op, bool *moved_p)
{
    spar_status_t all = SPAR_OK;

    *moved_p = false;
    for (unsigned i = 0; i < op->pieces_started; i++) {
        spar_status_t status = progress_piece(op, i, moved_p);

        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    if (op->pieces_started < op->layer->piece_count) {
        *moved_p = true;
        all = start_piece(op);
        return all == SPAR_OK ? SPAR_INPROGRESS : all;
    }
    if (op->pieces_unsettled > 0 && spar_sparse_has_agreed(op)) {
        settle_pieces(op, *moved_p);
        *moved_p = true;
    }
    return all == SPAR_OK ? finish(op, moved_p) : all;
}

const char *spar_sparse_cause(const spar_op_t *op)
{
    return op->cause;
}
