#include "cuda/device.h"

#include <stdio.h>

static thread_local char cause[SPAR_CUDA_CAUSE] = "none";
static thread_local uint64_t launches;

spar_status_t spar_cuda_error(spar_status_t status, const char *text)
{
    snprintf(cause, sizeof(cause), "%s", text);
    return status;
}

spar_status_t spar_cuda_status(cudaError_t error, const char *doing)
{
    if (error == cudaSuccess) {
        return SPAR_OK;
    }
    snprintf(cause, sizeof(cause), "%s: %s (%s)", doing,
             cudaGetErrorString(error), cudaGetErrorName(error));
    /* Told; the next launch is to be judged by itself. */
    cudaGetLastError();
    return error == cudaErrorMemoryAllocation ? SPAR_ERR_NO_MEMORY
                                              : SPAR_ERR_IO;
}

const char *spar_cuda_cause(void)
{
    return cause;
}

spar_status_t spar_cuda_launched(const char *kernel)
{
    launches++;
    return spar_cuda_status(cudaGetLastError(), kernel);
}

uint64_t spar_cuda_launches(void)
{
    return launches;
}
