/*
 * The library for gradients in a device's memory as Spar's own loops on the
 * host would do it: what pmpi/ makes of such a library can be tested with calls
 * that are too large for emulated kernels, and with errors at any place:
 *   DEVICE_FAIL=select:5   the fifth call of that function fails (on rank
 *                          DEVICE_RANK), and all later ones; several of these
 *                          with commas in between
 *   DEVICE_FAIL=select=5   only the fifth one does
 * It says so if a layer that could not be selected from is tried again.
 * Residuals are in emulated memory.
 */
#include "cuda/plugin.h"

#include <cuda.h>
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sparsify/narrow.h"
#include "sparsify/residual.h"

struct spar_cuda_layer {
    spar_cuda_size_t size;
    void *residual; /* on the device */
    /* Of the present call, on the host. */
    void *next;
    void *sum;
    void *out;
    int polls;
    bool delivered;
    bool failed;
};

static const char *cause = "none";
/* Whether this call of a function fails, of which there were so many. */
static bool fails_at(const char *name, unsigned long *calls)
{
    const char *list = getenv("DEVICE_FAIL");
    const char *victim = getenv("DEVICE_RANK");
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    const char *item = list == NULL ? NULL : strstr(list, name);

    if (item == NULL || victim == NULL || rank == NULL ||
        strcmp(victim, rank) != 0) {
        return false;
    }
    cause = "the test says so";
    ++*calls;
    item += strlen(name);
    return *item == '=' ? *calls == strtoul(item + 1, NULL, 10)
                        : *calls >= strtoul(item + 1, NULL, 10);
}

/* In the function of that name */
#define FAILS(name)                                                            \
    __extension__({                                                            \
        static unsigned long calls;                                            \
        fails_at(name, &calls);                                                \
    })

static const char *get_cause(void)
{
    return cause;
}

static bool copy(void *to, const void *from, uint64_t bytes)
{
    if (cudaMemcpy(to, from, bytes, cudaMemcpyDefault) == cudaSuccess) {
        return true;
    }
    cause = cudaGetErrorName(cudaGetLastError());
    return false;
}

static spar_cuda_place_t locate(const void *pointer, int *device_p)
{
    CUpointer_attribute names[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                   CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                   CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    unsigned type = 0, managed = 0;
    int device = 0;
    void *values[] = {&type, &managed, &device};

    if (cuPointerGetAttributes(3, names, values, (CUdeviceptr)pointer) !=
            CUDA_SUCCESS ||
        type != CU_MEMORYTYPE_DEVICE) {
        return SPAR_CUDA_HOST;
    }
    *device_p = device;
    return managed ? SPAR_CUDA_MANAGED : SPAR_CUDA_DEVICE;
}

static spar_status_t check(const void *pointer, uint64_t bytes)
{
    CUdeviceptr base = 0;
    size_t size = 0;

    return cuMemGetAddressRange(&base, &size, (CUdeviceptr)pointer) ==
                       CUDA_SUCCESS &&
                   (CUdeviceptr)pointer + bytes <= base + size
               ? SPAR_OK
               : SPAR_ERR_INVALID;
}

static spar_status_t to_host(int device, void *host, const void *from,
                             uint64_t bytes)
{
    (void)device;
    return !FAILS("to_host") && copy(host, from, bytes) ? SPAR_OK : SPAR_ERR_IO;
}

static spar_status_t to_device(int device, void *to, const void *host,
                               uint64_t bytes)
{
    (void)device;
    return !FAILS("to_device") && copy(to, host, bytes) ? SPAR_OK : SPAR_ERR_IO;
}

static spar_status_t sample(int device, const void *from, uint64_t width,
                            uint64_t stride, uint64_t number, void *host)
{
    (void)device;
    if (FAILS("sample")) {
        return SPAR_ERR_IO;
    }
    for (uint64_t i = 0; i < number; i++) {
        if (!copy((char *)host + i * width, (const char *)from + i * stride,
                  width)) {
            return SPAR_ERR_IO;
        }
    }
    return SPAR_OK;
}

static size_t bytes_of(const spar_cuda_layer_t *layer)
{
    return layer->size.count * spar_dtype_size(layer->size.dtype);
}

static void destroy(spar_cuda_layer_t *layer)
{
    if (layer != NULL) {
        cudaFree(layer->residual);
        free(layer->next);
        free(layer->sum);
        free(layer);
    }
}

static spar_status_t create(int device, const spar_cuda_size_t *size,
                            spar_cuda_layer_t **layer_p)
{
    spar_cuda_layer_t *layer = calloc(1, sizeof(*layer));

    (void)device;
    layer->size = *size;
    layer->next = malloc(bytes_of(layer));
    layer->sum = malloc(bytes_of(layer));
    if (FAILS("create") ||
        cudaMalloc(&layer->residual, bytes_of(layer)) != cudaSuccess) {
        cause = "out of memory";
        destroy(layer);
        return SPAR_ERR_NO_MEMORY;
    }
    *layer_p = layer;
    return SPAR_OK;
}

static uint64_t memory(const spar_cuda_layer_t *layer)
{
    return bytes_of(layer);
}

/* Copies go straight to and from the application's memory. */
static uint64_t pool(void)
{
    return 0;
}

static spar_status_t residual_get(spar_cuda_layer_t *layer, void *host)
{
    return !FAILS("residual_get") &&
                   copy(host, layer->residual, bytes_of(layer))
               ? SPAR_OK
               : SPAR_ERR_IO;
}

static spar_status_t residual_set(spar_cuda_layer_t *layer, const void *host)
{
    return !FAILS("residual_set") &&
                   copy(layer->residual, host, bytes_of(layer))
               ? SPAR_OK
               : SPAR_ERR_IO;
}

/* The gradient, widened, to `to`. */
static bool read_gradient(const spar_cuda_layer_t *layer, const void *gradient,
                          void *to)
{
    uint64_t count = layer->size.count;
    size_t bytes = count * spar_dtype_size(layer->size.element);
    void *narrow;
    bool ok;

    if (!spar_dtype_is_16(layer->size.element)) {
        return copy(to, gradient, bytes);
    }
    narrow = malloc(bytes);
    ok = copy(narrow, gradient, bytes);
    if (ok) {
        spar_narrow_widen(layer->size.element, narrow, to, count);
    }
    free(narrow);
    return ok;
}

static spar_status_t select_entries(spar_cuda_layer_t *layer,
                                    spar_selector_t *selector,
                                    const void *gradient, size_t k,
                                    uint64_t seed, spar_selection_t *selection)
{
    spar_status_t status;

    if (layer->failed) {
        fprintf(stderr, "a layer that failed is selected from again\n");
    }
    layer->failed = FAILS("select");
    if (layer->failed || !read_gradient(layer, gradient, layer->sum) ||
        !copy(layer->next, layer->residual, bytes_of(layer))) {
        return SPAR_ERR_IO;
    }
    status = spar_selector_run(selector, layer->sum, layer->next, k, selection);
    if (status == SPAR_OK && !selection->nonfinite) {
        spar_selection_round(selection, layer->size.values, seed);
    }
    return status;
}

static spar_status_t commit(spar_cuda_layer_t *layer, const void *gradient,
                            void *out)
{
    if (FAILS("commit") || !read_gradient(layer, gradient, layer->sum) ||
        !copy(layer->next, layer->residual, bytes_of(layer))) {
        return SPAR_ERR_IO;
    }
    spar_residual_commit(layer->size.dtype, layer->next, layer->sum, layer->sum,
                         0, layer->size.count);
    layer->out = out;
    layer->polls = 0;
    layer->delivered = false;
    return SPAR_OK;
}

static spar_status_t settle(spar_cuda_layer_t *layer,
                            const spar_selection_t *sent)
{
    spar_residual_settle(layer->next, sent);
    return SPAR_OK;
}

static void add_one(const spar_cuda_layer_t *layer, uint64_t at,
                    const void *values, uint64_t i)
{
    if (layer->size.dtype == SPAR_DTYPE_F64) {
        ((double *)layer->sum)[at] += ((const double *)values)[i];
    } else {
        ((float *)layer->sum)[at] += ((const float *)values)[i];
    }
}

static spar_status_t add(spar_cuda_layer_t *layer, uint64_t first,
                         const spar_selection_t *entries)
{
    if (FAILS("add")) {
        return SPAR_ERR_IO;
    }
    for (size_t i = 0; i < entries->count; i++) {
        add_one(layer, first + entries->indices[i], entries->values, i);
    }
    return SPAR_OK;
}

static spar_status_t add_all(spar_cuda_layer_t *layer, uint64_t first,
                             const void *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        add_one(layer, first + i, values, i);
    }
    return SPAR_OK;
}

static bool apply(spar_cuda_layer_t *layer)
{
    uint64_t count = layer->size.count;
    size_t bytes = count * spar_dtype_size(layer->size.element);
    void *narrow;
    bool ok;

    layer->delivered = true;
    if (!copy(layer->residual, layer->next, bytes_of(layer))) {
        return false;
    }
    if (!spar_dtype_is_16(layer->size.element)) {
        return copy(layer->out, layer->sum, bytes);
    }
    narrow = malloc(bytes);
    spar_narrow_round(layer->size.element, layer->sum, narrow, count);
    ok = copy(layer->out, narrow, bytes);
    free(narrow);
    return ok;
}

static spar_status_t finish(spar_cuda_layer_t *layer, bool *overflow_p)
{
    bool half = spar_dtype_is_16(layer->size.element);

    if (FAILS("finish")) {
        return SPAR_ERR_IO;
    }
    if (layer->polls++ < 2) {
        return SPAR_INPROGRESS;
    }
    *overflow_p = half && spar_narrow_overflows(layer->size.element, layer->sum,
                                                layer->size.count);
    return half || layer->delivered || apply(layer) ? SPAR_OK : SPAR_ERR_IO;
}

static spar_status_t deliver(spar_cuda_layer_t *layer, bool keep)
{
    layer->polls = 1;
    return !keep || apply(layer) ? SPAR_OK : SPAR_ERR_IO;
}

static void cancel(spar_cuda_layer_t *layer)
{
    (void)layer;
}

static uint64_t launches(void)
{
    return 0;
}

/* The host encodes. */
static const spar_wire_parts_t *encoded(const spar_cuda_layer_t *layer)
{
    (void)layer;
    return NULL;
}

__attribute__((visibility("default"))) const spar_cuda_ops_t spar_cuda_ops;

const spar_cuda_ops_t spar_cuda_ops = {SPAR_CUDA_VERSION,
                                       get_cause,
                                       locate,
                                       check,
                                       to_host,
                                       to_device,
                                       sample,
                                       create,
                                       destroy,
                                       memory,
                                       pool,
                                       residual_get,
                                       residual_set,
                                       select_entries,
                                       encoded,
                                       commit,
                                       settle,
                                       add,
                                       add_all,
                                       finish,
                                       deliver,
                                       cancel,
                                       launches};
