#include "cuda/layer.h"
#include "cuda/scratch.cuh"

#include <stdlib.h>

static bool is_valid(const spar_cuda_size_t *size)
{
    return size->count > 0 && size->count <= UINT32_MAX &&
           size->element != SPAR_DTYPE_BITS16 &&
           size->dtype == spar_dtype_wide(size->element);
}

/* Within the device. */
static spar_status_t set_up(spar_cuda_layer_t *layer)
{
    uint64_t bytes = spar_cuda_layer_bytes(layer);
    spar_status_t status = spar_cuda_status(
        cudaEventCreateWithFlags(&layer->done, cudaEventDisableTiming),
        "making an event");

    if (status != SPAR_OK || !layer->size.feedback) {
        return status;
    }
    status = spar_cuda_status(cudaMalloc(&layer->residual, bytes),
                              "allocating a residual");
    if (status == SPAR_OK) {
        status = spar_cuda_status(
            cudaMemsetAsync(layer->residual, 0, bytes, layer->device->stream),
            "clearing a residual");
    }
    return status == SPAR_OK ? spar_cuda_layer_wait(layer) : status;
}

static void clean_up(spar_cuda_layer_t *layer)
{
    spar_cuda_scratch_close(layer->scratch);
    if (layer->residual != NULL) {
        cudaFree(layer->residual);
    }
    if (layer->done != NULL) {
        cudaEventDestroy(layer->done);
    }
}

spar_status_t spar_cuda_layer_create(int device, const spar_cuda_size_t *size,
                                     spar_cuda_layer_t **layer_p)
{
    spar_cuda_layer_t *layer;
    spar_status_t status;

    if (!is_valid(size)) {
        return spar_cuda_error(SPAR_ERR_INVALID, "no such layer");
    }
    layer = (spar_cuda_layer_t *)calloc(1, sizeof(*layer));
    if (layer == NULL) {
        return spar_cuda_error(SPAR_ERR_NO_MEMORY, "no memory");
    }
    layer->size = *size;
    status = spar_cuda_enter(device, &layer->device);
    if (status == SPAR_OK) {
        status = set_up(layer);
        if (status != SPAR_OK) {
            clean_up(layer);
        }
        spar_cuda_leave();
    }
    if (status != SPAR_OK) {
        free(layer);
        return status;
    }
    *layer_p = layer;
    return SPAR_OK;
}

void spar_cuda_layer_destroy(spar_cuda_layer_t *layer)
{
    if (layer == NULL) {
        return;
    }
    spar_cuda_cancel(layer);
    if (spar_cuda_enter_again(layer->device) == SPAR_OK) {
        clean_up(layer);
        spar_cuda_leave();
    }
    free(layer->call.lists);
    free(layer);
}

uint64_t spar_cuda_layer_memory(const spar_cuda_layer_t *layer)
{
    return (layer->residual != NULL ? spar_cuda_layer_bytes(layer) : 0) +
           (layer->scratch != NULL ? layer->scratch->bytes : 0);
}

spar_status_t spar_cuda_layer_wait(spar_cuda_layer_t *layer)
{
    spar_status_t status =
        spar_cuda_status(cudaEventRecord(layer->done, layer->device->stream),
                         "recording an event");

    return status == SPAR_OK
               ? spar_cuda_status(cudaEventSynchronize(layer->done), "waiting")
               : status;
}

spar_status_t spar_cuda_residual_get(spar_cuda_layer_t *layer, void *host)
{
    spar_status_t status = spar_cuda_enter_again(layer->device);

    if (status == SPAR_OK) {
        status = spar_cuda_copy_out(layer->device, host, layer->residual,
                                    spar_cuda_layer_bytes(layer));
        spar_cuda_leave();
    }
    return status;
}

spar_status_t spar_cuda_residual_set(spar_cuda_layer_t *layer, const void *host)
{
    spar_status_t status = spar_cuda_enter_again(layer->device);

    if (status == SPAR_OK) {
        status = spar_cuda_copy_in(layer->device, layer->residual, host,
                                   spar_cuda_layer_bytes(layer));
        spar_cuda_leave();
    }
    return status;
}
