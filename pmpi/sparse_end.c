/* What a sparse exchange has come to, once it is over. */
#include "pmpi/sparse.h"

#include "base/log.h"
#include "pmpi/check.h"
#include "pmpi/cost.h"
#include "pmpi/engine.h"
#include "pmpi/flush.h"
#include "pmpi/fresh.h"
#include "pmpi/half.h"
#include "pmpi/reach.h"
#include "pmpi/rescale.h"
#include "pmpi/sparse_part.h"

/* The report's residual share looks at one exchange in so many. */
#define NORM_EXCHANGES 16

static double norm2_of(const spar_selection_t *selection, size_t begin,
                       size_t end)
{
    double sum = 0;

    for (size_t i = begin; i < end; i++) {
        double value = selection->dtype == SPAR_DTYPE_F64
                           ? ((const double *)selection->values)[i]
                           : ((const float *)selection->values)[i];

        sum += value * value;
    }
    return sum;
}

static bool is_sampled(const spar_layer_t *layer)
{
    return layer->exchanges % NORM_EXCHANGES == 1;
}

/* What one piece has come to. */
static void note_piece(spar_op_t *op, unsigned index)
{
    spar_part_t part = spar_part_of(op, index);
    const spar_selection_t *selection = &part.lane->selection;
    spar_layer_t *layer = op->layer;

    if (*spar_part_room(op, &part) < part.size.entries) {
        *spar_part_room(op, &part) = part.size.entries;
    }
    layer->entries_sent += part.lane->exchange->entries_sent;
    if (is_sampled(layer)) {
        layer->sent_norm2 = (index == 0 ? 0 : layer->sent_norm2) +
                            norm2_of(selection, 0, selection->count);
    }
}

static void note_call(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;

    layer->owes = layer->residual != NULL;
    layer->looked_at++;
    layer->sparse_calls++;
    op->was_sparse = true;
}

void spar_sparse_note_merged(spar_op_t *op, const spar_selection_t *selection,
                             size_t begin, size_t end)
{
    if (is_sampled(op->layer)) {
        op->layer->sent_norm2 = norm2_of(selection, begin, end);
    }
    op->layer->merged_calls++;
    spar_rescale_note(op, 0);
    note_call(op);
}

static void note_sparse(spar_op_t *op)
{
    for (unsigned i = 0; i < op->pieces_started; i++) {
        note_piece(op, i);
    }
    if (!op->is_resident) {
        spar_fresh_take(op->layer);
    }
    note_call(op);
}

/* A sum that does not fit the application's buffer is like Inf in a gradient.
 */
static bool overflows(spar_op_t *op)
{
    bool fits = op->is_resident
                    ? !op->overflows
                    : !spar_half_is(op->layer) || spar_engine_is_shadow() ||
                          spar_half_deliver(op);

    if (fits) {
        return false;
    }
    op->method = SPAR_METHODS;
    op->comm->nonfinite_calls++;
    return true;
}

/* The result is in the application's buffer. */
static void deliver(spar_op_t *op)
{
    if (!op->is_resident && !spar_engine_is_shadow() &&
        !spar_reach_deliver(op)) {
        spar_error("the result of an allreduce cannot be copied to its device");
        op->code = MPI_ERR_OTHER;
    }
}

/* Without a flag. Whether the result is delivered. */
static bool conclude_sparse(spar_op_t *op, uint64_t bytes)
{
    if (overflows(op)) {
        return false;
    }
    deliver(op);
    note_sparse(op);
    spar_check_note(op);
    if (spar_engine_is_shadow()) {
        spar_shadow_end_sparse(op, bytes, is_sampled(op->layer));
    }
    return !spar_engine_is_shadow();
}

/* Persistent calls deliver by themselves (pmpi/standing.c). */
static void answer_flush(spar_op_t *op, uint32_t flags)
{
    if (spar_flush_waits(op, flags)) {
        spar_flush_postpone(op, flags);
    } else if (op->standing == NULL) {
        (void)spar_flush_begin(op);
    }
}

bool spar_sparse_conclude(spar_op_t *op)
{
    uint32_t flags = spar_sparse_flags(op);
    uint64_t bytes = 0;

    for (unsigned i = 0; i < op->pieces_started; i++) {
        bytes += spar_part_lane(op, i)->exchange->bytes_sent;
    }
    spar_cost_bytes(op, bytes);
    spar_rescale_note(op, flags);
    if (flags == 0) {
        return conclude_sparse(op, bytes);
    }
    if (spar_engine_is_shadow()) {
        spar_shadow_drop_sparse(op);
    }
    op->method = SPAR_METHODS; /* what it takes now tells nothing */
    /* Non-finite, out of memory, or paused: as if Spar were not there. */
    if ((flags & SPAR_WIRE_NONFINITE) != 0) {
        op->comm->nonfinite_calls++;
    }
    if (op->layer->natural && (flags & SPAR_WIRE_NO_MEMORY) != 0) {
        spar_layer_make_selective(op->layer, &spar_engine.config);
    }
    if ((flags & SPAR_WIRE_FLUSH) != 0) {
        answer_flush(op, flags);
    }
    return false;
}
