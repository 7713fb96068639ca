/*
 * The part of CUDA's driver interface that Spar and its tests use, for the
 * emulated devices (emulated.h). Names, values and meanings are CUDA's.
 */
#ifndef SPAR_EMULATED_CUDA_H
#define SPAR_EMULATED_CUDA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cudaError_enum {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_LAUNCH_FAILED = 719
} CUresult;

typedef int CUdevice;
typedef struct CUctx_st *CUcontext;
typedef unsigned long long CUdeviceptr;

typedef enum CUmemorytype_enum {
    CU_MEMORYTYPE_HOST = 1,
    CU_MEMORYTYPE_DEVICE = 2
} CUmemorytype;

typedef enum CUstreamCaptureMode_enum {
    CU_STREAM_CAPTURE_MODE_GLOBAL = 0,
    CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
    CU_STREAM_CAPTURE_MODE_RELAXED = 2
} CUstreamCaptureMode;

typedef enum CUpointer_attribute_enum {
    CU_POINTER_ATTRIBUTE_CONTEXT = 1,
    CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
    CU_POINTER_ATTRIBUTE_IS_MANAGED = 8,
    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL = 9,
    CU_POINTER_ATTRIBUTE_RANGE_START_ADDR = 11,
    CU_POINTER_ATTRIBUTE_RANGE_SIZE = 12
} CUpointer_attribute;

#define cuCtxPushCurrent     cuCtxPushCurrent_v2
#define cuCtxPopCurrent      cuCtxPopCurrent_v2
#define cuMemGetAddressRange cuMemGetAddressRange_v2

CUresult cuInit(unsigned flags);
CUresult cuDriverGetVersion(int *version_p);
CUresult cuDevicePrimaryCtxRetain(CUcontext *context_p, CUdevice device);
/* Of the calling thread; *mode becomes what it was before. */
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode);
CUresult cuCtxGetCurrent(CUcontext *context_p);
CUresult cuCtxPushCurrent(CUcontext context);
CUresult cuCtxPopCurrent(CUcontext *context_p);
/* Memory that the driver does not know: type, context and size are zero, as
 * CUDA says it; never an error for it. */
CUresult cuPointerGetAttributes(unsigned number,
                                CUpointer_attribute *attributes, void **data,
                                CUdeviceptr pointer);
CUresult cuMemGetAddressRange(CUdeviceptr *base_p, size_t *size_p,
                              CUdeviceptr pointer);

#ifdef __cplusplus
}
#endif

#endif
