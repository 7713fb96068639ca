#include "internal.h"

#include <stdlib.h>

/* Of a thread, at most. */
#define DEPTH 64

static struct CUctx_st contexts[SPAR_EMULATED_DEVICES][SPAR_EMULATED_CONTEXTS];
static int made[SPAR_EMULATED_DEVICES];

static _Thread_local CUcontext stack[DEPTH];
static _Thread_local int depth;

static CUcontext primary(int device)
{
    contexts[device][0].device = device;
    return &contexts[device][0];
}

CUcontext spar_emulated_current(void)
{
    if (depth == 0) {
        stack[depth++] = primary(0);
    }
    return stack[depth - 1];
}

struct CUctx_st *spar_emulated_context(int device)
{
    CUcontext context = NULL;

    spar_emulated_lock();
    if (made[device] + 1 < SPAR_EMULATED_CONTEXTS) {
        context = &contexts[device][++made[device]];
        context->device = device;
    }
    spar_emulated_unlock();
    return context;
}

CUresult cuInit(unsigned flags)
{
    return flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDriverGetVersion(int *version_p)
{
    spar_emulated_lock();
    *version_p = spar_emulated_is_driver_old() ? 12040 : CUDART_VERSION;
    spar_emulated_unlock();
    return CUDA_SUCCESS;
}

cudaError_t cudaRuntimeGetVersion(int *version_p)
{
    *version_p = CUDART_VERSION;
    return cudaSuccess;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context_p, CUdevice device)
{
    spar_emulated_lock();
    int number = spar_emulated_devices();
    spar_emulated_unlock();
    if (device < 0 || device >= number) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *context_p = primary(device);
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context_p)
{
    *context_p = depth > 0 ? stack[depth - 1] : NULL;
    return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent(CUcontext context)
{
    if (depth == DEPTH || context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent(CUcontext *context_p)
{
    if (depth == 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    depth--;
    if (context_p != NULL) {
        *context_p = stack[depth];
    }
    return CUDA_SUCCESS;
}

cudaError_t cudaGetDeviceCount(int *number_p)
{
    spar_emulated_lock();
    *number_p = spar_emulated_devices();
    spar_emulated_unlock();
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device_p)
{
    *device_p = spar_emulated_current()->device;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    CUcontext context;

    if (cuDevicePrimaryCtxRetain(&context, device) != CUDA_SUCCESS) {
        return spar_emulated_error(cudaErrorInvalidDevice);
    }
    depth = depth > 0 ? depth : 1;
    stack[depth - 1] = context;
    return cudaSuccess;
}

/* Small numbers, so that small layers have several rounds of blocks. */
cudaError_t cudaDeviceGetAttribute(int *value_p, enum cudaDeviceAttr attribute,
                                   int device)
{
    (void)device;
    *value_p = attribute == cudaDevAttrMultiProcessorCount ? 4 : 96 * 1024;
    return cudaSuccess;
}
