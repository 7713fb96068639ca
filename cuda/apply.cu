#include "cuda/apply.cuh"

#include "cuda/four.cuh"

#include <stdlib.h>
#include <string.h>

/* The flag of an overflow has a place of its own before the lists. */
#define TABLE_HEAD 16u
/* Lists at first. */
#define LEAST_ROOM 16u

static spar_status_t refuse(void)
{
    return spar_cuda_error(SPAR_ERR_INVALID, "no call is being gathered");
}

/* Nothing in the stream uses them any more. */
static void end_call(spar_cuda_layer_t *layer)
{
    spar_cuda_call_t *call = &layer->call;

    while (call->chunks != NULL) {
        spar_cuda_chunk_t *chunk = call->chunks;

        call->chunks = chunk->next;
        spar_cuda_chunk_put(layer->device, chunk);
    }
    call->table = NULL;
    call->list_count = 0;
    call->phase = SPAR_CUDA_IDLE;
}

void spar_cuda_cancel(spar_cuda_layer_t *layer)
{
    if (layer->call.phase == SPAR_CUDA_IDLE) {
        return;
    }
    /* Chunks are still being copied from. An error says no more than that
     * nothing is under way. */
    if (spar_cuda_enter_again(layer->device) == SPAR_OK) {
        spar_cuda_layer_wait(layer);
        spar_cuda_leave();
    }
    end_call(layer);
}

spar_status_t spar_cuda_commit(spar_cuda_layer_t *layer, const void *gradient,
                               void *out)
{
    const size_t width = spar_dtype_size(layer->size.element);
    spar_cuda_call_t *call = &layer->call;

    /* A kernel that meets it would cost the process its device. 16-bit elements
     * may lie anywhere. */
    if (width > 2 &&
        ((uintptr_t)gradient % width != 0 || (uintptr_t)out % width != 0)) {
        return spar_cuda_error(SPAR_ERR_INVALID, "a buffer is not aligned");
    }
    spar_cuda_cancel(layer);
    call->gradient = gradient;
    call->out = out;
    call->overflow = false;
    memset(&call->sent, 0, sizeof(call->sent));
    call->phase = SPAR_CUDA_GATHERING;
    return SPAR_OK;
}

/* A chunk that belongs to the call until its end. */
static spar_status_t get_chunk(spar_cuda_layer_t *layer, size_t bytes,
                               spar_cuda_chunk_t **chunk_p)
{
    spar_status_t status = spar_cuda_chunk_get(layer->device, bytes, chunk_p);

    if (status == SPAR_OK) {
        (*chunk_p)->next = layer->call.chunks;
        layer->call.chunks = *chunk_p;
    }
    return status;
}

/* `indices` (NULL: none) and `values` into the device's memory. */
static spar_status_t bring(spar_cuda_layer_t *layer, const uint32_t *indices,
                           const void *values, uint64_t count,
                           spar_cuda_list_t *list_p)
{
    size_t value_bytes = count * spar_dtype_size(layer->size.dtype);
    size_t index_bytes =
        indices != NULL ? (count * sizeof(*indices) + 15) / 16 * 16 : 0;
    spar_cuda_chunk_t *chunk;
    spar_status_t status = get_chunk(layer, index_bytes + value_bytes, &chunk);

    if (status != SPAR_OK) {
        return status;
    }
    if (indices != NULL) {
        memcpy(chunk->host, indices, count * sizeof(*indices));
    }
    memcpy(chunk->host + index_bytes, values, value_bytes);
    status =
        spar_cuda_chunk_send(layer->device, chunk, index_bytes + value_bytes);
    if (status == SPAR_OK) {
        list_p->indices = indices != NULL ? (uint32_t *)chunk->device : NULL;
        list_p->values = chunk->device + index_bytes;
        list_p->count = count;
    }
    return status;
}

static spar_status_t make_room(spar_cuda_call_t *call)
{
    size_t room =
        call->list_room < LEAST_ROOM ? LEAST_ROOM : 2 * call->list_room;
    spar_cuda_list_t *lists;

    if (call->list_count < call->list_room) {
        return SPAR_OK;
    }
    lists = (spar_cuda_list_t *)realloc(call->lists, room * sizeof(*lists));
    if (lists == NULL) {
        return spar_cuda_error(SPAR_ERR_NO_MEMORY, "no memory");
    }
    call->lists = lists;
    call->list_room = room;
    return SPAR_OK;
}

static spar_status_t add(spar_cuda_layer_t *layer, uint64_t first,
                         const uint32_t *indices, const void *values,
                         uint64_t count)
{
    spar_cuda_call_t *call = &layer->call;
    spar_cuda_list_t list;
    spar_status_t status;

    if (call->phase != SPAR_CUDA_GATHERING) {
        return refuse();
    }
    if (count == 0) {
        return SPAR_OK;
    }
    status = make_room(call);
    if (status == SPAR_OK) {
        status = spar_cuda_enter_again(layer->device);
    }
    if (status != SPAR_OK) {
        return status;
    }
    list.first = first;
    status = bring(layer, indices, values, count, &list);
    if (status == SPAR_OK) {
        call->lists[call->list_count++] = list;
    }
    spar_cuda_leave();
    return status;
}

spar_status_t spar_cuda_add(spar_cuda_layer_t *layer, uint64_t first,
                            const spar_selection_t *entries)
{
    return add(layer, first, entries->indices, entries->values, entries->count);
}

spar_status_t spar_cuda_add_all(spar_cuda_layer_t *layer, uint64_t first,
                                const void *values, uint64_t n)
{
    return add(layer, first, NULL, values, n);
}

spar_status_t spar_cuda_settle(spar_cuda_layer_t *layer,
                               const spar_selection_t *sent)
{
    spar_status_t status;

    if (layer->call.phase != SPAR_CUDA_GATHERING) {
        return refuse();
    }
    if (sent->count == 0 || layer->residual == NULL) {
        return SPAR_OK;
    }
    status = spar_cuda_enter_again(layer->device);
    if (status == SPAR_OK) {
        status = bring(layer, sent->indices, sent->values, sent->count,
                       &layer->call.sent);
        spar_cuda_leave();
    }
    return status;
}

/* The lists, and a flag that is not set. */
static spar_status_t send_table(spar_cuda_layer_t *layer)
{
    spar_cuda_call_t *call = &layer->call;
    size_t bytes = call->list_count * sizeof(*call->lists);
    spar_cuda_chunk_t *chunk;
    spar_status_t status = get_chunk(layer, TABLE_HEAD + bytes, &chunk);

    if (status != SPAR_OK) {
        return status;
    }
    memset(chunk->host, 0, TABLE_HEAD);
    if (bytes != 0) {
        memcpy(chunk->host + TABLE_HEAD, call->lists, bytes);
    }
    status = spar_cuda_chunk_send(layer->device, chunk, TABLE_HEAD + bytes);
    if (status == SPAR_OK) {
        call->table = chunk;
    }
    return status;
}

static bool is_aligned(const void *pointer, spar_dtype_t element)
{
    return (uintptr_t)pointer % spar_cuda_four_alignment(element) == 0;
}

static spar_cuda_apply_t describe(const spar_cuda_layer_t *layer)
{
    const spar_cuda_call_t *call = &layer->call;
    spar_dtype_t element = layer->size.element;
    spar_cuda_apply_t apply;

    memset(&apply, 0, sizeof(apply));
    apply.gradient = call->gradient;
    apply.residual = layer->residual;
    apply.out = call->out;
    apply.count = layer->size.count;
    apply.sent = call->sent;
    apply.lists = (spar_cuda_list_t *)(call->table->device + TABLE_HEAD);
    apply.list_count = call->list_count;
    apply.overflow = (uint32_t *)call->table->device;
    apply.limit =
        element == SPAR_DTYPE_F16 ? SPAR_HALF_OVERFLOW : SPAR_BF16_OVERFLOW;
    apply.aligned =
        is_aligned(call->gradient, element) && is_aligned(call->out, element);
    return apply;
}

/* After a kernel: what tells that it is over. */
static spar_status_t mark(spar_cuda_layer_t *layer)
{
    return spar_cuda_status(cudaEventRecord(layer->done, layer->device->stream),
                            "recording an event");
}

static spar_status_t launch_check(spar_cuda_layer_t *layer)
{
    spar_cuda_call_t *call = &layer->call;
    spar_cuda_apply_t apply = describe(layer);
    spar_status_t status;

    spar_cuda_apply_check(&apply, layer->device->stream);
    status = spar_cuda_launched("looking for overflows");
    if (status == SPAR_OK) {
        status = spar_cuda_status(
            cudaMemcpyAsync(call->table->host, call->table->device,
                            sizeof(uint32_t), cudaMemcpyDeviceToHost,
                            layer->device->stream),
            "copying from the device");
    }
    return status == SPAR_OK ? mark(layer) : status;
}

static spar_status_t launch_apply(spar_cuda_layer_t *layer)
{
    spar_cuda_apply_t apply = describe(layer);
    spar_status_t status;

    spar_cuda_apply_run(layer->size.element, &apply, layer->device->stream);
    status = spar_cuda_launched("applying a sum");
    return status == SPAR_OK ? mark(layer) : status;
}

/* From gathering to the kernel that is next. After an error the call is still
 * being gathered. */
static spar_status_t begin(spar_cuda_layer_t *layer)
{
    bool narrow = spar_dtype_is_16(layer->size.element);
    spar_status_t status =
        layer->call.table == NULL ? send_table(layer) : SPAR_OK;

    if (status == SPAR_OK) {
        status = narrow ? launch_check(layer) : launch_apply(layer);
    }
    if (status == SPAR_OK) {
        layer->call.phase = narrow ? SPAR_CUDA_CHECKING : SPAR_CUDA_APPLYING;
    }
    return status;
}

static spar_status_t look(spar_cuda_layer_t *layer)
{
    spar_cuda_call_t *call = &layer->call;
    cudaError_t error = cudaEventQuery(layer->done);
    uint32_t flag;

    if (error == cudaErrorNotReady) {
        cudaGetLastError(); /* it counts as one */
        return SPAR_INPROGRESS;
    }
    if (error != cudaSuccess) {
        return spar_cuda_status(error, "applying a sum");
    }
    if (call->phase == SPAR_CUDA_CHECKING) {
        memcpy(&flag, call->table->host, sizeof(flag));
        call->overflow = flag != 0;
        call->phase = SPAR_CUDA_CHECKED;
    } else {
        end_call(layer);
    }
    return SPAR_OK;
}

spar_status_t spar_cuda_finish(spar_cuda_layer_t *layer, bool *overflow_p)
{
    spar_cuda_call_t *call = &layer->call;
    spar_status_t status = SPAR_OK;

    if (call->phase != SPAR_CUDA_IDLE && call->phase != SPAR_CUDA_CHECKED) {
        status = spar_cuda_enter_again(layer->device);
        if (status != SPAR_OK) {
            return status;
        }
        if (call->phase == SPAR_CUDA_GATHERING) {
            status = begin(layer);
        }
        if (status == SPAR_OK) {
            status = look(layer);
        }
        spar_cuda_leave();
    }
    if (status == SPAR_OK) {
        *overflow_p = call->overflow;
    }
    return status;
}

spar_status_t spar_cuda_deliver(spar_cuda_layer_t *layer, bool keep)
{
    spar_status_t status;

    if (layer->call.phase != SPAR_CUDA_CHECKED) {
        return refuse();
    }
    if (!keep) {
        end_call(layer);
        return SPAR_OK;
    }
    status = spar_cuda_enter_again(layer->device);
    if (status == SPAR_OK) {
        status = launch_apply(layer);
        spar_cuda_leave();
    }
    if (status == SPAR_OK) {
        layer->call.phase = SPAR_CUDA_APPLYING;
    }
    return status;
}
