#include "cuda/device.h"

#include <stdlib.h>

/* Small lists share sizes, so that any of them can take another one's. */
#define LEAST 65536u

static size_t round_up(size_t bytes)
{
    size_t size = LEAST;

    while (size < bytes) {
        size *= 2;
    }
    return size;
}

static spar_cuda_chunk_t *take(spar_cuda_device_t *device, size_t bytes)
{
    spar_cuda_chunk_t **link = &device->chunks;
    spar_cuda_chunk_t *chunk;

    pthread_mutex_lock(&device->mutex);
    while (*link != NULL && (*link)->bytes != bytes) {
        link = &(*link)->next;
    }
    chunk = *link;
    if (chunk != NULL) {
        *link = chunk->next;
    }
    pthread_mutex_unlock(&device->mutex);
    return chunk;
}

static void destroy(spar_cuda_chunk_t *chunk)
{
    if (chunk->event != NULL) {
        cudaEventDestroy(chunk->event);
    }
    if (chunk->host != NULL) {
        cudaFreeHost(chunk->host);
    }
    if (chunk->device != NULL) {
        cudaFree(chunk->device);
    }
    free(chunk);
}

/* Zeros at first: copies to the host also bring what lies between the parts of
 * a chunk, and nothing that is copied shall be undefined. */
static spar_status_t make(const spar_cuda_device_t *device, size_t bytes,
                          spar_cuda_chunk_t **chunk_p)
{
    spar_cuda_chunk_t *chunk = (spar_cuda_chunk_t *)calloc(1, sizeof(*chunk));
    spar_status_t status;

    if (chunk == NULL) {
        return spar_cuda_error(SPAR_ERR_NO_MEMORY, "no memory");
    }
    chunk->bytes = bytes;
    status = spar_cuda_status(
        cudaEventCreateWithFlags(&chunk->event, cudaEventDisableTiming),
        "making an event");
    if (status == SPAR_OK) {
        status = spar_cuda_status(
            cudaHostAlloc(&chunk->host, bytes, cudaHostAllocDefault),
            "page-locking memory");
    }
    if (status == SPAR_OK) {
        status = spar_cuda_status(cudaMalloc(&chunk->device, bytes),
                                  "allocating on the device");
    }
    if (status == SPAR_OK) {
        status = spar_cuda_status(
            cudaMemsetAsync(chunk->device, 0, bytes, device->stream),
            "clearing memory");
    }
    if (status != SPAR_OK) {
        destroy(chunk);
        return status;
    }
    *chunk_p = chunk;
    return SPAR_OK;
}

spar_status_t spar_cuda_chunk_get(spar_cuda_device_t *device, size_t bytes,
                                  spar_cuda_chunk_t **chunk_p)
{
    size_t size = round_up(bytes);
    spar_cuda_chunk_t *chunk = take(device, size);

    if (chunk == NULL) {
        spar_status_t status = make(device, size, &chunk);

        if (status != SPAR_OK) {
            return status;
        }
        pthread_mutex_lock(&device->mutex);
        device->bytes += size;
        pthread_mutex_unlock(&device->mutex);
    }
    chunk->next = NULL;
    *chunk_p = chunk;
    return SPAR_OK;
}

void spar_cuda_chunk_put(spar_cuda_device_t *device, spar_cuda_chunk_t *chunk)
{
    pthread_mutex_lock(&device->mutex);
    chunk->next = device->chunks;
    device->chunks = chunk;
    pthread_mutex_unlock(&device->mutex);
}

spar_status_t spar_cuda_chunk_send(spar_cuda_device_t *device,
                                   const spar_cuda_chunk_t *chunk, size_t bytes)
{
    return spar_cuda_status(cudaMemcpyAsync(chunk->device, chunk->host, bytes,
                                            cudaMemcpyHostToDevice,
                                            device->stream),
                            "copying to the device");
}
