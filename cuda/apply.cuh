/*
 * Spar: the kernels that apply a call. The layer is cut into spans, one for
 * each block of threads, which adds up in its own shared memory what all lists
 * have there: one list after the other, whose indices do not repeat. So the
 * order of the additions is that of the lists, without any atomics, and each
 * element of the result is written once.
 */
#ifndef SPAR_CUDA_APPLY_CUH
#define SPAR_CUDA_APPLY_CUH

#include "cuda/layer.h"

/* Elements of a block. */
#define SPAR_CUDA_SPAN 4096u

typedef struct spar_cuda_apply {
    const void *gradient;
    void *residual; /* NULL: there is none */
    void *out;
    uint64_t count;
    spar_cuda_list_t sent;
    const spar_cuda_list_t *lists; /* in the device's memory, as all others */
    uint64_t list_count;
    uint32_t *overflow; /* becomes 1 when a sum's pattern reaches `limit` */
    uint32_t limit;
    bool aligned; /* gradient and out, to four elements */
} spar_cuda_apply_t;

/* residual += gradient, minus what was sent; out = sum of the lists. Errors by
 * spar_cuda_launched. */
void spar_cuda_apply_run(spar_dtype_t element, const spar_cuda_apply_t *apply,
                         cudaStream_t stream);
/* Only looks at the sums, which are float32. */
void spar_cuda_apply_check(const spar_cuda_apply_t *apply, cudaStream_t stream);

#endif
