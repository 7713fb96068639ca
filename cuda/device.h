/*
 * Spar: a GPU as this library works on it: a context, its stream, and memory
 * that is kept for further use. Included by CUDA C++ only.
 *
 * A "device" is a context: numbers of devices are this library's own, given in
 * the order in which contexts are first seen, since applications may have
 * several contexts on a GPU and memory can only be used in its own.
 */
#ifndef SPAR_CUDA_DEVICE_H
#define SPAR_CUDA_DEVICE_H

#include <cuda.h>
#include <cuda_runtime.h>

extern "C" {
#include "cuda/plugin.h"
}

#include <pthread.h>

/* Contexts that are told apart; memory of further ones is not touched. */
#define SPAR_CUDA_DEVICES 32

/* Bytes of an error in words. */
#define SPAR_CUDA_CAUSE 512

/* Page-locked memory and as much of the device's. */
typedef struct spar_cuda_chunk {
    struct spar_cuda_chunk *next; /* of its owner's list, or of the pool's */
    size_t bytes;                 /* of each, a power of two */
    unsigned char *host;
    unsigned char *device;
    cudaEvent_t event; /* for whoever holds it */
} spar_cuda_chunk_t;

typedef struct spar_cuda_device {
    CUcontext context;
    int ordinal; /* CUDA's number */
    cudaStream_t stream;
    pthread_mutex_t mutex; /* of what follows */
    bool tried;            /* to open it: with this status, which stays */
    spar_status_t status;
    char cause[SPAR_CUDA_CAUSE]; /* of an error */
    spar_cuda_chunk_t *chunks;
    uint64_t bytes; /* of the device's memory, in chunks */
} spar_cuda_device_t;

/* The memory of kinds and devices by which attributes tell it. Never fails. */
spar_cuda_place_t spar_cuda_locate(const void *pointer, int *device_p);
/* Whether it may be used: SPAR_ERR_INVALID, or why its device cannot be. */
spar_status_t spar_cuda_check(const void *pointer, uint64_t bytes);

/* Tries whether the runtime works in the context that is current, the device's,
 * makes its stream and loads all kernels. After an error, device->cause says
 * what helps. */
spar_status_t spar_cuda_open(spar_cuda_device_t *device);

/*
 * Makes the device's context current for this thread, and opens the device
 * the first time (what that comes to holds for good); every successful call has
 * its leave, which makes current what was so before. In between, nothing that
 * this thread calls invalidates a graph that the application captures.
 * *device_p is valid for good.
 */
spar_status_t spar_cuda_enter(int number, spar_cuda_device_t **device_p);
/* The same where the device is known. */
spar_status_t spar_cuda_enter_again(spar_cuda_device_t *device);
void spar_cuda_leave(void);

/* Bytes in chunks of all devices. */
uint64_t spar_cuda_pool(void);
/* A chunk of at least so many bytes, from the pool if it has one. The device
 * has been entered, as for the next one. */
spar_status_t spar_cuda_chunk_get(spar_cuda_device_t *device, size_t bytes,
                                  spar_cuda_chunk_t **chunk_p);
/* Into the pool, once nothing in the stream uses it any more. */
void spar_cuda_chunk_put(spar_cuda_device_t *device, spar_cuda_chunk_t *chunk);
/* Copies the first `bytes` of its page-locked memory to the device's. */
spar_status_t spar_cuda_chunk_send(spar_cuda_device_t *device,
                                   const spar_cuda_chunk_t *chunk,
                                   size_t bytes);

/* Kernels that this thread has launched. */
uint64_t spar_cuda_launches(void);
/* After SPAR_LAUNCH: counts it, and tells whether it failed. */
spar_status_t spar_cuda_launched(const char *kernel);

/* SPAR_OK, or the error's status, of which *cause() tells from now on;
 * `doing` in words. */
spar_status_t spar_cuda_status(cudaError_t error, const char *doing);
/* An error that is not CUDA's. */
spar_status_t spar_cuda_error(spar_status_t status, const char *cause);
const char *spar_cuda_cause(void);

#endif
