#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)0)
#endif

typedef enum kind {
    DEVICE,    /* pages that are closed but for the device's work */
    MANAGED,   /* of both */
    HOST,      /* page-locked, and allocated so */
    REGISTERED /* page-locked, the application's own */
} kind_t;

typedef struct area {
    struct area *next;
    kind_t kind;
    CUcontext context;
    char *base;
    size_t bytes; /* as asked for */
    size_t pages; /* bytes of whole pages */
    int open;
} area_t;

static area_t *areas;

static area_t *find(const void *pointer)
{
    const char *at = pointer;

    for (area_t *area = areas; area != NULL; area = area->next) {
        if (at >= area->base && at < area->base + area->bytes) {
            return area;
        }
    }
    return NULL;
}

static area_t *add(kind_t kind, void *base, size_t bytes, size_t pages)
{
    area_t *area = calloc(1, sizeof(*area));

    if (area == NULL) {
        return NULL;
    }
    area->kind = kind;
    area->context = spar_emulated_current();
    area->base = base;
    area->bytes = bytes;
    area->pages = pages;
    area->next = areas;
    areas = area;
    return area;
}

static void forget(area_t *area)
{
    area_t **link = &areas;

    while (*link != area) {
        link = &(*link)->next;
    }
    *link = area->next;
    if (area->pages != 0) {
        ASAN_UNPOISON_MEMORY_REGION(area->base, area->pages);
        munmap(area->base, area->pages + (size_t)sysconf(_SC_PAGESIZE));
    }
    free(area);
}

/* Whole pages with a closed one behind them. Fresh memory of a device holds
 * anything: NaNs, here. */
static cudaError_t map(kind_t kind, void **pointer_p, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (bytes + page - 1) / page * page;
    char *base;

    if (bytes == 0) {
        *pointer_p = NULL;
        return cudaSuccess;
    }
    base =
        mmap(NULL, pages + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return cudaErrorMemoryAllocation;
    }
    if (mprotect(base, pages, PROT_READ | PROT_WRITE) != 0 ||
        add(kind, base, bytes, pages) == NULL) {
        munmap(base, pages + page);
        return cudaErrorMemoryAllocation;
    }
    memset(base, 0xff, pages);
    ASAN_POISON_MEMORY_REGION(base + bytes, pages - bytes);
    if (kind == DEVICE) {
        mprotect(base, pages, PROT_NONE);
    }
    *pointer_p = base;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **pointer_p, size_t bytes)
{
    cudaError_t error;

    spar_emulated_lock();
    spar_emulated_unsafe();
    error = spar_emulated_health();
    if (error == cudaSuccess) {
        error = spar_emulated_may_allocate() ? map(DEVICE, pointer_p, bytes)
                                             : cudaErrorMemoryAllocation;
    }
    if (error == cudaSuccess) {
        spar_emulated_now.bytes += bytes;
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaMallocManaged(void **pointer_p, size_t bytes, unsigned flags)
{
    cudaError_t error;

    (void)flags;
    spar_emulated_lock();
    spar_emulated_unsafe();
    error = map(MANAGED, pointer_p, bytes);
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaHostAlloc(void **pointer_p, size_t bytes, unsigned flags)
{
    cudaError_t error;

    (void)flags;
    spar_emulated_lock();
    spar_emulated_unsafe();
    error = map(HOST, pointer_p, bytes);
    spar_emulated_now.host_allocations += error == cudaSuccess;
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaMallocHost(void **pointer_p, size_t bytes)
{
    return cudaHostAlloc(pointer_p, bytes, cudaHostAllocDefault);
}

cudaError_t cudaHostRegister(void *pointer, size_t bytes, unsigned flags)
{
    cudaError_t error = cudaSuccess;

    (void)flags;
    spar_emulated_lock();
    if (find(pointer) != NULL || add(REGISTERED, pointer, bytes, 0) == NULL) {
        error = cudaErrorInvalidValue;
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

/* As CUDA does it, all work of the device is done first. */
static cudaError_t release(void *pointer, kind_t first, kind_t second)
{
    cudaError_t error = cudaSuccess;

    if (pointer == NULL) {
        return cudaSuccess;
    }
    spar_emulated_lock();
    spar_emulated_unsafe();
    spar_emulated_drain();
    area_t *area = find(pointer);
    if (area == NULL || area->base != (char *)pointer ||
        (area->kind != first && area->kind != second)) {
        error = cudaErrorInvalidValue;
    } else {
        spar_emulated_now.device_waits++;
        spar_emulated_now.bytes -= area->kind == DEVICE ? area->bytes : 0;
        forget(area);
    }
    spar_emulated_unlock();
    return spar_emulated_error(error);
}

cudaError_t cudaFree(void *pointer)
{
    return release(pointer, DEVICE, MANAGED);
}

cudaError_t cudaFreeHost(void *pointer)
{
    return release(pointer, HOST, HOST);
}

cudaError_t cudaHostUnregister(void *pointer)
{
    return release(pointer, REGISTERED, REGISTERED);
}

static bool is_meant(const area_t *area, CUcontext context, const char *pointer)
{
    return area->kind == DEVICE && area->context == context &&
           (pointer == NULL ||
            (pointer >= area->base && pointer < area->base + area->bytes));
}

void spar_emulated_open(CUcontext context, const void *pointer)
{
    for (area_t *area = areas; area != NULL; area = area->next) {
        if (is_meant(area, context, pointer) && area->open++ == 0) {
            mprotect(area->base, area->pages, PROT_READ | PROT_WRITE);
        }
    }
}

void spar_emulated_close(CUcontext context, const void *pointer)
{
    for (area_t *area = areas; area != NULL; area = area->next) {
        if (is_meant(area, context, pointer) && --area->open == 0) {
            mprotect(area->base, area->pages, PROT_NONE);
        }
    }
}

bool spar_emulated_is_pinned(const void *pointer, size_t bytes)
{
    area_t *area = find(pointer);

    return area != NULL &&
           (const char *)pointer + bytes <= area->base + area->bytes;
}

static void fill(const area_t *area, CUpointer_attribute attribute, void *to)
{
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        *(CUcontext *)to = area != NULL ? area->context : NULL;
        break;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *(unsigned *)to = area == NULL ? 0
                          : area->kind == HOST || area->kind == REGISTERED
                              ? CU_MEMORYTYPE_HOST
                              : CU_MEMORYTYPE_DEVICE;
        break;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        *(unsigned *)to = area != NULL && area->kind == MANAGED;
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *(int *)to = area != NULL ? area->context->device : -2;
        break;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
        *(CUdeviceptr *)to = area != NULL ? (CUdeviceptr)area->base : 0;
        break;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        *(size_t *)to = area != NULL ? area->bytes : 0;
        break;
    }
}

CUresult cuPointerGetAttributes(unsigned number,
                                CUpointer_attribute *attributes, void **data,
                                CUdeviceptr pointer)
{
    spar_emulated_lock();
    const area_t *area = find((const void *)pointer);
    for (unsigned i = 0; i < number; i++) {
        fill(area, attributes[i], data[i]);
    }
    spar_emulated_unlock();
    return CUDA_SUCCESS;
}

CUresult cuMemGetAddressRange(CUdeviceptr *base_p, size_t *size_p,
                              CUdeviceptr pointer)
{
    CUcontext current;

    cuCtxGetCurrent(&current);
    if (current == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    spar_emulated_lock();
    const area_t *area = find((const void *)pointer);
    bool known = area != NULL && area->kind == DEVICE &&
                 area->context->device == current->device;
    if (known) {
        *base_p = (CUdeviceptr)area->base;
        *size_p = area->bytes;
    }
    spar_emulated_unlock();
    return known ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
