/*
 * Spar: kernels that CUDA's compiler makes for a device and any C++ compiler
 * for the emulated devices of the tests (tests/cuda/emulated/), which run them
 * on the host.
 */
#ifndef SPAR_CUDA_LAUNCH_H
#define SPAR_CUDA_LAUNCH_H

#include <cuda_runtime.h>

/*
 * SPAR_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...): errors
 * by cudaGetLastError. A kernel with template arguments stands in parentheses.
 * SPAR_SHARED(type, name): `name` is the dynamic shared memory of the block, an
 * array of `type`; one of them per kernel.
 */
#ifdef __CUDACC__

#define SPAR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)            \
    kernel<<<grid, block, shared_bytes, stream>>>(__VA_ARGS__)

#define SPAR_SHARED(type, name)                                                \
    extern __shared__ __align__(16) unsigned char spar_shared_bytes[];         \
    type *name = (type *)spar_shared_bytes

#else

#define SPAR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)            \
    spar_emulated_start(kernel, grid, block, shared_bytes, stream, __VA_ARGS__)

#define SPAR_SHARED(type, name) type *name = (type *)spar_emulated_shared()

#endif

#endif
