#include "pmpi/resident.h"

#include "base/log.h"
#include "pmpi/device.h"
#include "pmpi/engine.h"
#include "pmpi/reach.h"

static char *at(const void *elements, uint64_t first, spar_dtype_t dtype)
{
    return (char *)elements + first * spar_dtype_size(dtype);
}

static void *residual_of(const spar_layer_t *layer, const spar_piece_t *piece)
{
    return at(layer->residual, piece->first, layer->dtype);
}

/* Room, a missing driver or an error: later calls go by way of the host. */
static uint32_t refuse(spar_layer_t *layer, const char *what)
{
    if (!layer->refused) {
        layer->refused = true;
        spar_info("a layer of %llu elements is selected by way of the host: "
                  "its device cannot %s: %s",
                  (unsigned long long)layer->count, what,
                  spar_device_ops()->cause());
    }
    return SPAR_WIRE_NO_MEMORY;
}

bool spar_resident_takes(const spar_op_t *op)
{
    const spar_layer_t *layer = op->layer;
    const spar_reach_t *reach = &op->reach;

    return reach->gradient_far && reach->result_far && !reach->blind &&
           reach->gradient_device == reach->result_device &&
           op->what.element == layer->element &&
           layer->select != SPAR_SELECT_NONZERO && !layer->refused &&
           !spar_engine_is_shadow();
}

static bool fetch_piece(const spar_layer_t *layer, const spar_piece_t *piece)
{
    return !piece->resident ||
           spar_device_ops()->residual_get(
               piece->device, residual_of(layer, piece)) == SPAR_OK;
}

bool spar_resident_fetch(const spar_layer_t *layer)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < layer->piece_count; i++) {
        ok = fetch_piece(layer, i == 0 ? &layer->piece : &layer->more[i - 1]);
    }
    return ok;
}

bool spar_resident_leave(spar_layer_t *layer)
{
    if (!spar_resident_fetch(layer)) {
        (void)refuse(layer, "tell its residual");
        return false;
    }
    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_layer_piece(layer, i)->resident = false;
    }
    return true;
}

void spar_resident_evict(spar_layer_t *layer)
{
    bool lost = false;

    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_piece_t *piece = spar_layer_piece(layer, i);

        if (!fetch_piece(layer, piece)) {
            memset(residual_of(layer, piece), 0,
                   piece->count * spar_dtype_size(layer->dtype));
            lost = true;
        }
        piece->resident = false;
    }
    if (lost) {
        (void)refuse(layer, "tell its residual");
        spar_error("what a layer of %llu elements owes is lost with its device",
                   (unsigned long long)layer->count);
    }
}

void spar_resident_cancel(const spar_layer_t *layer)
{
    for (unsigned i = 0; i < layer->piece_count; i++) {
        const spar_piece_t *piece =
            i == 0 ? &layer->piece : &layer->more[i - 1];

        if (piece->device != NULL) {
            spar_device_ops()->cancel(piece->device);
        }
    }
}

static void drop_piece(spar_piece_t *piece)
{
    if (piece->device != NULL) {
        spar_device_ops()->destroy(piece->device);
    }
    piece->device = NULL;
    piece->resident = false;
}

void spar_resident_drop(spar_layer_t *layer)
{
    for (unsigned i = 0; i < layer->piece_count; i++) {
        drop_piece(spar_layer_piece(layer, i));
    }
}

uint64_t spar_resident_bytes(const spar_layer_t *layer)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < layer->piece_count; i++) {
        const spar_piece_t *piece =
            i == 0 ? &layer->piece : &layer->more[i - 1];

        if (piece->device != NULL) {
            bytes += spar_device_ops()->memory(piece->device);
        }
    }
    return bytes;
}

/* A layer of another device, or of entries that travel in another way, begins
 * anew there. */
static bool fits(const spar_op_t *op, const spar_piece_t *piece)
{
    return piece->device != NULL &&
           piece->device_number == op->reach.gradient_device &&
           piece->device_values == op->layer->values;
}

/* The piece's residual is on the device of the call. */
static uint32_t move_in(const spar_op_t *op, spar_piece_t *piece)
{
    const spar_cuda_ops_t *ops = spar_device_ops();
    spar_layer_t *layer = op->layer;
    const spar_cuda_size_t size = {.select = layer->select,
                                   .element = layer->element,
                                   .dtype = layer->dtype,
                                   .count = piece->count,
                                   .values = layer->values,
                                   .feedback = true};

    if (piece->device != NULL && !fits(op, piece)) {
        if (!fetch_piece(layer, piece)) {
            return refuse(layer, "tell its residual");
        }
        drop_piece(piece);
    }
    if (piece->device == NULL) {
        if (ops->create(op->reach.gradient_device, &size, &piece->device) !=
            SPAR_OK) {
            piece->device = NULL;
            return refuse(layer, "hold its residual");
        }
        piece->device_number = op->reach.gradient_device;
        piece->device_values = layer->values;
    }
    if (!piece->resident &&
        ops->residual_set(piece->device, residual_of(layer, piece)) !=
            SPAR_OK) {
        return refuse(layer, "take its residual");
    }
    piece->resident = true;
    return 0;
}

uint32_t spar_resident_select(const spar_op_t *op, spar_piece_t *piece,
                              uint64_t k, uint64_t seed,
                              spar_selection_t *selection)
{
    spar_layer_t *layer = op->layer;
    const void *gradient =
        at(spar_op_gradient(op), piece->first, layer->element);
    uint32_t flags = move_in(op, piece);

    if (flags == 0 &&
        spar_device_ops()->select(piece->device, &piece->selector, gradient, k,
                                  seed, selection) != SPAR_OK) {
        flags = refuse(layer, "select");
    }
    return flags != 0 || !selection->nonfinite ? flags : SPAR_WIRE_NONFINITE;
}

static spar_piece_t *piece_of(spar_target_t *target)
{
    return (spar_piece_t *)((char *)target - offsetof(spar_piece_t, target));
}

static spar_status_t commit(spar_target_t *target)
{
    const spar_piece_t *piece = piece_of(target);
    const spar_op_t *op = piece->op;
    spar_dtype_t element = op->layer->element;

    return spar_device_ops()->commit(
        piece->device, at(spar_op_gradient(op), piece->first, element),
        at(op->call.recvbuf, piece->first, element));
}

static spar_status_t settle(spar_target_t *target, const spar_selection_t *sent)
{
    return spar_device_ops()->settle(piece_of(target)->device, sent);
}

static spar_status_t add(spar_target_t *target, uint64_t first,
                         const spar_selection_t *entries)
{
    return spar_device_ops()->add(piece_of(target)->device, first, entries);
}

static spar_status_t add_all(spar_target_t *target, uint64_t first,
                             const void *values, uint64_t n)
{
    return spar_device_ops()->add_all(piece_of(target)->device, first, values,
                                      n);
}

static spar_status_t finish(spar_target_t *target)
{
    spar_piece_t *piece = piece_of(target);

    return spar_device_ops()->finish(piece->device, &piece->overflows);
}

/* The sums of 16-bit floats have no arrays for that: those of other pieces may
 * overflow. */
static spar_status_t give_up(spar_target_t *target, spar_exchange_call_t *call)
{
    spar_piece_t *piece = piece_of(target);
    const spar_op_t *op = piece->op;
    spar_layer_t *layer = op->layer;

    (void)refuse(layer, "apply a result");
    spar_device_ops()->cancel(piece->device);
    if (spar_dtype_is_16(layer->element) || !fetch_piece(layer, piece) ||
        !spar_reach_fetch(op, piece->first, piece->count)) {
        spar_error("a device cannot apply an allreduce: %s",
                   spar_device_ops()->cause());
        return SPAR_ERR_IO;
    }
    piece->resident = false;
    piece->given_up = true;
    call->residual = residual_of(layer, piece);
    call->gradient = at(spar_reach_gradient(op), piece->first, layer->dtype);
    call->out = at(spar_reach_result(op), piece->first, layer->dtype);
    return SPAR_OK;
}

static const spar_target_ops_t target_ops = {commit,  settle, add,
                                             add_all, finish, give_up};

void spar_resident_point(const spar_op_t *op, spar_piece_t *piece,
                         spar_exchange_call_t *call)
{
    piece->target.ops = &target_ops;
    piece->op = op;
    piece->overflows = piece->given_up = false;
    call->target = &piece->target;
    call->encoded = spar_device_ops()->encoded(piece->device);
    call->residual = residual_of(op->layer, piece);
}

static spar_status_t deliver_piece(const spar_piece_t *piece, bool keep)
{
    const spar_op_t *op = piece->op;

    if (piece->given_up) {
        return spar_reach_deliver_part(op, piece->first, piece->count)
                   ? SPAR_OK
                   : SPAR_ERR_IO;
    }
    return spar_dtype_is_16(op->layer->element)
               ? spar_device_ops()->deliver(piece->device, keep)
               : SPAR_OK;
}

static spar_status_t deliver(spar_op_t *op)
{
    spar_status_t status = SPAR_OK;

    for (unsigned i = 0; i < op->layer->piece_count; i++) {
        op->overflows |= spar_layer_piece(op->layer, i)->overflows;
    }
    for (unsigned i = 0; status == SPAR_OK && i < op->layer->piece_count; i++) {
        status = deliver_piece(spar_layer_piece(op->layer, i), !op->overflows);
    }
    op->delivers = true;
    return status;
}

spar_status_t spar_resident_finish(spar_op_t *op)
{
    spar_status_t all = op->delivers ? SPAR_OK : deliver(op);
    bool waits = spar_dtype_is_16(op->layer->element) && !op->overflows;

    for (unsigned i = 0; waits && all >= 0 && i < op->layer->piece_count; i++) {
        spar_status_t status = finish(&spar_layer_piece(op->layer, i)->target);

        all = status == SPAR_OK ? all : status;
    }
    if (all < 0) {
        spar_error("a device cannot deliver an allreduce: %s",
                   spar_device_ops()->cause());
    }
    return all;
}
