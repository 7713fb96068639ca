/* Spar: a device layer (plugin.h) as this library's parts know it. */
#ifndef SPAR_CUDA_LAYER_H
#define SPAR_CUDA_LAYER_H

#include "cuda/device.h"

/* Entries that are added to the sum, or elements one after the other, in the
 * memory of the device. */
typedef struct spar_cuda_list {
    const uint32_t *indices; /* from `first` on; NULL: all that follow it */
    const void *values;      /* of the layer's dtype */
    uint64_t first;
    uint64_t count;
} spar_cuda_list_t;

typedef enum spar_cuda_phase {
    SPAR_CUDA_IDLE,      /* no call is under way */
    SPAR_CUDA_GATHERING, /* since commit: nothing has been applied */
    SPAR_CUDA_CHECKING,  /* 16-bit sums: does any overflow? */
    SPAR_CUDA_CHECKED,   /* it is known; deliver is awaited */
    SPAR_CUDA_APPLYING
} spar_cuda_phase_t;

/* What a call has brought so far. */
typedef struct spar_cuda_call {
    spar_cuda_phase_t phase;
    const void *gradient;
    void *out;
    spar_cuda_list_t sent;
    spar_cuda_list_t *lists; /* host memory */
    size_t list_count, list_room;
    spar_cuda_chunk_t *chunks; /* in use until the kernels are over */
    spar_cuda_chunk_t *table;  /* a flag of overflows, then the lists */
    bool overflow;
} spar_cuda_call_t;

struct spar_cuda_layer {
    spar_cuda_size_t size;
    spar_cuda_device_t *device;
    void *residual;   /* size.dtype, aligned to 256 bytes; NULL: no feedback */
    cudaEvent_t done; /* of what waits for its own work in the stream */
    struct spar_cuda_scratch *scratch; /* NULL before the first selection */
    spar_cuda_call_t call;
};

/* Bytes of `count` elements of the residual. */
static inline uint64_t spar_cuda_layer_bytes(const spar_cuda_layer_t *layer)
{
    return layer->size.count * spar_dtype_size(layer->size.dtype);
}

/* Waits for all that the layer has put into the stream so far. */
spar_status_t spar_cuda_layer_wait(spar_cuda_layer_t *layer);

spar_status_t spar_cuda_layer_create(int device, const spar_cuda_size_t *size,
                                     spar_cuda_layer_t **layer_p);
void spar_cuda_layer_destroy(spar_cuda_layer_t *layer);
uint64_t spar_cuda_layer_memory(const spar_cuda_layer_t *layer);
spar_status_t spar_cuda_residual_get(spar_cuda_layer_t *layer, void *host);
spar_status_t spar_cuda_residual_set(spar_cuda_layer_t *layer,
                                     const void *host);

/* memory.cu */
spar_status_t spar_cuda_to_host(int device, void *host, const void *from,
                                uint64_t bytes);
spar_status_t spar_cuda_to_device(int device, void *to, const void *host,
                                  uint64_t bytes);
spar_status_t spar_cuda_sample(int device, const void *from, uint64_t width,
                               uint64_t stride, uint64_t number, void *host);
/* Within a device that has been entered. */
spar_status_t spar_cuda_copy_out(spar_cuda_device_t *device, void *host,
                                 const void *from, uint64_t bytes);
spar_status_t spar_cuda_copy_in(spar_cuda_device_t *device, void *to,
                                const void *host, uint64_t bytes);

/* select.cu */
spar_status_t spar_cuda_select(spar_cuda_layer_t *layer,
                               spar_selector_t *selector, const void *gradient,
                               size_t k, uint64_t seed,
                               spar_selection_t *selection);

const spar_wire_parts_t *spar_cuda_encoded(const spar_cuda_layer_t *layer);

/* apply.cu */
spar_status_t spar_cuda_commit(spar_cuda_layer_t *layer, const void *gradient,
                               void *out);
spar_status_t spar_cuda_settle(spar_cuda_layer_t *layer,
                               const spar_selection_t *sent);
spar_status_t spar_cuda_add(spar_cuda_layer_t *layer, uint64_t first,
                            const spar_selection_t *entries);
spar_status_t spar_cuda_add_all(spar_cuda_layer_t *layer, uint64_t first,
                                const void *values, uint64_t n);
spar_status_t spar_cuda_finish(spar_cuda_layer_t *layer, bool *overflow_p);
spar_status_t spar_cuda_deliver(spar_cuda_layer_t *layer, bool keep);
void spar_cuda_cancel(spar_cuda_layer_t *layer);

#endif
