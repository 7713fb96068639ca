#include "cuda/layer.h"

#include <string.h>

/* Bytes of a copy at a time: two of them fill a fast link. */
#define PART (4u << 20)
/* The least of the pitches that devices allow is 2^31 - 1 bytes. */
#define PITCH 0x7fffffffu

/* Page-locked memory that copies go through, in turns. */
typedef struct bounce {
    spar_cuda_chunk_t *chunks[2];
} bounce_t;

static spar_status_t await(const bounce_t *bounce, int i)
{
    return spar_cuda_status(cudaEventSynchronize(bounce->chunks[i]->event),
                            "copying");
}

/* What has failed may still have copies under way. */
static void close(spar_cuda_device_t *device, bounce_t *bounce)
{
    for (int i = 0; i < 2; i++) {
        if (bounce->chunks[i] != NULL) {
            cudaEventSynchronize(bounce->chunks[i]->event);
            spar_cuda_chunk_put(device, bounce->chunks[i]);
        }
    }
}

static spar_status_t open(spar_cuda_device_t *device, uint64_t bytes,
                          bounce_t *bounce_p)
{
    size_t part = bytes < PART ? (size_t)bytes : PART;
    spar_status_t status = SPAR_OK;

    memset(bounce_p, 0, sizeof(*bounce_p));
    for (int i = 0; i < 2 && status == SPAR_OK; i++) {
        status = spar_cuda_chunk_get(device, part, &bounce_p->chunks[i]);
    }
    if (status != SPAR_OK) {
        close(device, bounce_p);
    }
    return status;
}

static uint64_t length(uint64_t bytes, uint64_t first)
{
    return bytes - first < PART ? bytes - first : PART;
}

static spar_status_t start(spar_cuda_device_t *device, bounce_t *bounce, int i,
                           void *to, const void *from, uint64_t bytes,
                           enum cudaMemcpyKind kind)
{
    spar_status_t status = spar_cuda_status(
        cudaMemcpyAsync(to, from, bytes, kind, device->stream), "copying");

    if (status == SPAR_OK) {
        status = spar_cuda_status(
            cudaEventRecord(bounce->chunks[i]->event, device->stream),
            "recording an event");
    }
    return status;
}

/* The device copies one part while the host takes out the one before it. */
spar_status_t spar_cuda_copy_out(spar_cuda_device_t *device, void *host,
                                 const void *from, uint64_t bytes)
{
    bounce_t bounce;
    spar_status_t status = open(device, bytes, &bounce);
    uint64_t copied = 0;

    if (status != SPAR_OK) {
        return status;
    }
    for (uint64_t first = 0; copied < bytes && status == SPAR_OK;
         first += PART) {
        int i = (int)(first / PART % 2);

        if (first < bytes) {
            status = start(device, &bounce, i, bounce.chunks[i]->host,
                           (const char *)from + first, length(bytes, first),
                           cudaMemcpyDeviceToHost);
        }
        if (first > 0 && status == SPAR_OK) {
            status = await(&bounce, 1 - i);
            if (status == SPAR_OK) {
                memcpy((char *)host + copied, bounce.chunks[1 - i]->host,
                       length(bytes, copied));
                copied += length(bytes, copied);
            }
        }
    }
    close(device, &bounce);
    return status;
}

spar_status_t spar_cuda_copy_in(spar_cuda_device_t *device, void *to,
                                const void *host, uint64_t bytes)
{
    bounce_t bounce;
    spar_status_t status = open(device, bytes, &bounce);

    if (status != SPAR_OK) {
        return status;
    }
    for (uint64_t first = 0; first < bytes && status == SPAR_OK;
         first += PART) {
        int i = (int)(first / PART % 2);

        status = await(&bounce, i);
        if (status == SPAR_OK) {
            memcpy(bounce.chunks[i]->host, (const char *)host + first,
                   length(bytes, first));
            status = start(device, &bounce, i, (char *)to + first,
                           bounce.chunks[i]->host, length(bytes, first),
                           cudaMemcpyHostToDevice);
        }
    }
    for (int i = 0; i < 2 && status == SPAR_OK; i++) {
        status = await(&bounce, i);
    }
    close(device, &bounce);
    return status;
}

spar_status_t spar_cuda_to_host(int number, void *host, const void *from,
                                uint64_t bytes)
{
    spar_cuda_device_t *device;
    spar_status_t status = spar_cuda_enter(number, &device);

    if (status == SPAR_OK) {
        status = spar_cuda_copy_out(device, host, from, bytes);
        spar_cuda_leave();
    }
    return status;
}

spar_status_t spar_cuda_to_device(int number, void *to, const void *host,
                                  uint64_t bytes)
{
    spar_cuda_device_t *device;
    spar_status_t status = spar_cuda_enter(number, &device);

    if (status == SPAR_OK) {
        status = spar_cuda_copy_in(device, to, host, bytes);
        spar_cuda_leave();
    }
    return status;
}

/* In one copy, unless the rows are too far apart for that. */
static spar_status_t gather(spar_cuda_device_t *device, unsigned char *to,
                            const unsigned char *from, uint64_t width,
                            uint64_t stride, uint64_t number)
{
    cudaError_t error = cudaSuccess;

    if (stride <= PITCH && stride >= width) {
        error = cudaMemcpy2DAsync(to, width, from, stride, width, number,
                                  cudaMemcpyDeviceToHost, device->stream);
    } else {
        for (uint64_t i = 0; i < number && error == cudaSuccess; i++) {
            error = cudaMemcpyAsync(to + i * width, from + i * stride, width,
                                    cudaMemcpyDeviceToHost, device->stream);
        }
    }
    return spar_cuda_status(error, "copying samples");
}

static spar_status_t sample(spar_cuda_device_t *device, const void *from,
                            uint64_t width, uint64_t stride, uint64_t number,
                            void *host)
{
    spar_cuda_chunk_t *chunk;
    spar_status_t waited;
    spar_status_t status = spar_cuda_chunk_get(device, width * number, &chunk);

    if (status != SPAR_OK) {
        return status;
    }
    status = gather(device, chunk->host, (const unsigned char *)from, width,
                    stride, number);
    waited = spar_cuda_status(cudaStreamSynchronize(device->stream),
                              "copying samples");
    if (status == SPAR_OK) {
        status = waited;
    }
    if (status == SPAR_OK) {
        memcpy(host, chunk->host, width * number);
    }
    spar_cuda_chunk_put(device, chunk);
    return status;
}

spar_status_t spar_cuda_sample(int number, const void *from, uint64_t width,
                               uint64_t stride, uint64_t rows, void *host)
{
    spar_cuda_device_t *device;
    spar_status_t status;

    if (width == 0 || rows == 0) {
        return SPAR_OK;
    }
    status = spar_cuda_enter(number, &device);
    if (status == SPAR_OK) {
        status = sample(device, from, width, stride, rows, host);
        spar_cuda_leave();
    }
    return status;
}
