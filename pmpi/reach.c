#include "pmpi/reach.h"

#include "base/log.h"
#include "pmpi/device.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"

#include <stdlib.h>

static size_t width_of(const spar_op_t *op)
{
    return spar_dtype_size(op->what.dtype);
}

static size_t bytes_of(const spar_op_t *op)
{
    return op->what.count * width_of(op);
}

void spar_reach_find(spar_op_t *op)
{
    spar_reach_t *reach = &op->reach;
    size_t bytes = bytes_of(op);
    spar_device_place_t in =
        spar_device_find(spar_op_gradient(op), bytes, &reach->gradient_device);
    spar_device_place_t out = in;

    reach->result_device = reach->gradient_device;
    if (op->call.sendbuf != MPI_IN_PLACE) {
        out = spar_device_find(op->call.recvbuf, bytes, &reach->result_device);
    }
    reach->gradient_far = in != SPAR_DEVICE_NEAR;
    reach->result_far = out != SPAR_DEVICE_NEAR;
    reach->blind = in == SPAR_DEVICE_BLIND || out == SPAR_DEVICE_BLIND;
    op->what.place = (uint8_t)(in > out ? in : out);
}

bool spar_reach_reserve(const spar_op_t *op)
{
    spar_array_t *staged = &op->layer->staged;
    size_t bytes = bytes_of(op);
    void *memory;

    if (!spar_reach_is_far(op) || op->reach.blind) {
        return !op->reach.blind;
    }
    if (staged->bytes < bytes) {
        memory = malloc(bytes);
        if (memory == NULL) {
            return false;
        }
        free(staged->memory);
        staged->memory = memory;
        staged->bytes = bytes;
    }
    return true;
}

void spar_reach_cleanup(spar_layer_t *layer)
{
    free(layer->staged.memory);
    layer->staged = (spar_array_t){0};
}

bool spar_reach_fetch(const spar_op_t *op, uint64_t first, uint64_t count)
{
    size_t width = width_of(op);
    const char *from = spar_op_gradient(op);

    if (!spar_reach_reserve(op)) {
        return false;
    }
    return !op->reach.gradient_far ||
           spar_device_ops()->to_host(
               op->reach.gradient_device,
               (char *)op->layer->staged.memory + first * width,
               from + first * width, count * width) == SPAR_OK;
}

bool spar_reach_fetch_all(const spar_op_t *op)
{
    return spar_reach_fetch(op, 0, op->what.count);
}

const void *spar_reach_gradient(const spar_op_t *op)
{
    return op->reach.gradient_far ? op->layer->staged.memory
                                  : spar_op_gradient(op);
}

void *spar_reach_result(const spar_op_t *op)
{
    return op->reach.result_far ? op->layer->staged.memory : op->call.recvbuf;
}

bool spar_reach_deliver_part(const spar_op_t *op, uint64_t first,
                             uint64_t count)
{
    size_t width = width_of(op);

    return !op->reach.result_far ||
           spar_device_ops()->to_device(
               op->reach.result_device,
               (char *)op->call.recvbuf + first * width,
               (char *)op->layer->staged.memory + first * width,
               count * width) == SPAR_OK;
}

bool spar_reach_deliver(const spar_op_t *op)
{
    return spar_reach_deliver_part(op, 0, op->what.count);
}

const void *spar_reach_read_result(const spar_op_t *op)
{
    if (!op->reach.result_far) {
        return op->call.recvbuf;
    }
    return spar_reach_reserve(op) &&
                   spar_device_ops()->to_host(
                       op->reach.result_device, op->layer->staged.memory,
                       op->call.recvbuf, bytes_of(op)) == SPAR_OK
               ? op->layer->staged.memory
               : NULL;
}

static void *copy_rows(const spar_op_t *op, int device, const void *from,
                       spar_element_rows_t rows)
{
    size_t width = width_of(op);
    void *packed =
        op->reach.blind ? NULL : malloc(rows.number * rows.width * width);

    if (packed != NULL &&
        spar_device_ops()->sample(device, from, rows.width * width,
                                  rows.stride * width, rows.number,
                                  packed) != SPAR_OK) {
        free(packed);
        packed = NULL;
    }
    return packed;
}

void *spar_reach_gradient_rows(const spar_op_t *op, spar_element_rows_t rows)
{
    return copy_rows(op, op->reach.gradient_device, spar_op_gradient(op), rows);
}

void *spar_reach_result_rows(const spar_op_t *op, spar_element_rows_t rows)
{
    return copy_rows(op, op->reach.result_device, op->call.recvbuf, rows);
}

void spar_reach_begin_staged(spar_op_t *op)
{
    op->narrow = op->call;
    op->is_staged = true;
    op->call.sendbuf = MPI_IN_PLACE;
    op->call.recvbuf = op->layer->staged.memory;
}

void spar_reach_deliver_or_fail(spar_op_t *op)
{
    if (!spar_reach_deliver(op)) {
        spar_error("the result of an allreduce cannot be copied to its device");
        op->code = MPI_ERR_OTHER;
    }
}

void spar_reach_end_staged(spar_op_t *op)
{
    op->call = op->narrow;
    op->is_staged = false;
    if (op->code == MPI_SUCCESS) {
        spar_reach_deliver_or_fail(op);
    }
}

size_t spar_reach_tell(const spar_comm_t *comm, double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        values[i] = -(double)comm->sequence->slots[i].place;
    }
    return comm->layer_count;
}

size_t spar_reach_agree(spar_comm_t *comm, const double *values)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        comm->layers[i].far = values[i] < 0;
        comm->layers[i].blind = values[i] <= -(double)SPAR_DEVICE_BLIND;
    }
    return comm->layer_count;
}

const char *spar_reach_refusal(const spar_layer_t *layer)
{
    if (layer->blind) {
        return "in a GPU's memory, and SPAR_CUDA_LIBRARY is off or does not "
               "work on some rank";
    }
    return layer->far &&
                   spar_engine.config.exchange == SPAR_CONFIG_EXCHANGE_DENSE
               ? "in a GPU's memory: only MPI sums it densely"
               : NULL;
}
