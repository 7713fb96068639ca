#include "cuda/load.h"

static const void *const *const tables[] = {
    spar_cuda_apply_kernels,  spar_cuda_emit_kernels, spar_cuda_moments_kernels,
    spar_cuda_narrow_kernels, spar_cuda_pack_kernels, spar_cuda_sweep_kernels,
};

/* To ask for a kernel's attributes loads it. */
static cudaError_t load(const void *const *kernels)
{
    struct cudaFuncAttributes attributes;
    cudaError_t error = cudaSuccess;

    while (*kernels != NULL && error == cudaSuccess) {
        error = cudaFuncGetAttributes(&attributes, *kernels++);
    }
    return error;
}

spar_status_t spar_cuda_kernels_load(void)
{
    const size_t number = sizeof(tables) / sizeof(tables[0]);
    cudaError_t error = cudaSuccess;

    for (size_t i = 0; i < number && error == cudaSuccess; i++) {
        error = load(tables[i]);
    }
    return spar_cuda_status(error, "loading kernels");
}
