/*
 * The part of CUDA's runtime interface that Spar and its tests use, for the
 * emulated devices (emulated.h). Names, values and meanings are CUDA's.
 */
#ifndef SPAR_EMULATED_CUDA_RUNTIME_H
#define SPAR_EMULATED_CUDA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#define CUDART_VERSION 13000

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cudaError {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInsufficientDriver = 35,
    cudaErrorInvalidDevice = 101,
    cudaErrorInvalidResourceHandle = 400,
    cudaErrorNotReady = 600,
    cudaErrorLaunchOutOfResources = 701,
    cudaErrorLaunchFailure = 719
} cudaError_t;

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;

enum cudaMemcpyKind {
    cudaMemcpyHostToHost = 0,
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};

enum cudaDeviceAttr {
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};

struct cudaFuncAttributes {
    int maxThreadsPerBlock;
};

#define cudaStreamNonBlocking   0x01
#define cudaEventDisableTiming  0x02
#define cudaHostAllocDefault    0x00
#define cudaHostAllocPortable   0x01
#define cudaHostRegisterDefault 0x00
#define cudaMemAttachGlobal     0x01

const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);

cudaError_t cudaRuntimeGetVersion(int *version_p);
cudaError_t cudaGetDeviceCount(int *number_p);
cudaError_t cudaGetDevice(int *device_p);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaDeviceGetAttribute(int *value_p, enum cudaDeviceAttr attribute,
                                   int device);

/* Loads the kernel into the current context, as its first launch would. */
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes_p,
                                  const void *kernel);

cudaError_t cudaMalloc(void **pointer_p, size_t bytes);
cudaError_t cudaFree(void *pointer);
cudaError_t cudaMallocManaged(void **pointer_p, size_t bytes, unsigned flags);
cudaError_t cudaHostAlloc(void **pointer_p, size_t bytes, unsigned flags);
cudaError_t cudaMallocHost(void **pointer_p, size_t bytes);
cudaError_t cudaFreeHost(void *pointer);
cudaError_t cudaHostRegister(void *pointer, size_t bytes, unsigned flags);
cudaError_t cudaHostUnregister(void *pointer);

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       enum cudaMemcpyKind kind);
cudaError_t cudaMemset(void *to, int value, size_t bytes);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            enum cudaMemcpyKind kind, cudaStream_t stream);
/* Rows of `width` bytes, `to_pitch` and `from_pitch` bytes apart. */
cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from,
                              size_t from_pitch, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes,
                            cudaStream_t stream);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream_p, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event_p, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);

#ifdef __cplusplus
}

#include "kernel.h"

/* A lambda would do, but CUDA's own are templates as well. */
template <typename type> cudaError_t cudaMalloc(type **pointer_p, size_t bytes)
{
    return cudaMalloc((void **)pointer_p, bytes);
}

template <typename type>
cudaError_t cudaHostAlloc(type **pointer_p, size_t bytes, unsigned flags)
{
    return cudaHostAlloc((void **)pointer_p, bytes, flags);
}

template <typename type> cudaError_t cudaFuncSetAttribute(type *, int, int)
{
    return cudaSuccess;
}
#define cudaFuncAttributeMaxDynamicSharedMemorySize 8

#endif

#endif
