/* Spar: what tests of kernels include first. Each runs on the emulated devices
 * and, where there is one, on a real one; without any it is skipped. */
#ifndef SPAR_TESTS_CUDA_UNIT_H
#define SPAR_TESTS_CUDA_UNIT_H

extern "C" {
#include "cuda/plugin.h"
#include "tests/unit/unit.h"
}

#include "cuda/launch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the test as skipped (77) where no device can be used. With
 * SPAR_TEST_DEVICE, that there is one is all that is asked. */
static inline void spar_cuda_need_device(void)
{
    int number = 0;

    if (cudaGetDeviceCount(&number) != cudaSuccess || number == 0) {
        printf("skipped: there is no CUDA device here\n");
        exit(77);
    }
    if (getenv("SPAR_TEST_DEVICE") != NULL) {
        exit(0);
    }
}

static inline void spar_cuda_ok(cudaError_t error)
{
    if (error != cudaSuccess) {
        fail_msg("%s", cudaGetErrorString(error));
    }
}

/* The library's table. */
static inline const spar_cuda_ops_t *spar_cuda_load(void)
{
    void *library = dlopen(SPAR_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    void *table;

    if (library == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    table = dlsym(library, SPAR_CUDA_SYMBOL);
    if (table == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    return (const spar_cuda_ops_t *)table;
}

/* Device memory with a copy of `bytes` bytes of `from` (NULL: zeros). */
static inline void *spar_cuda_put(const void *from, size_t bytes)
{
    void *to = NULL;

    spar_cuda_ok(cudaMalloc(&to, bytes));
    spar_cuda_ok(from != NULL
                     ? cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice)
                     : cudaMemset(to, 0, bytes));
    return to;
}

/* Copies it to `to` and frees it. */
static inline void spar_cuda_take(void *from, void *to, size_t bytes)
{
    spar_cuda_ok(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
    spar_cuda_ok(cudaFree(from));
}

#endif
