/*
 * Spar: elements of a layer in device memory. A source says what the gradient's
 * elements are; sums and residual are float32, or float64 for float64.
 */
#ifndef SPAR_CUDA_ELEMENT_CUH
#define SPAR_CUDA_ELEMENT_CUH

#include <cuda_runtime.h>

extern "C" {
#include "base/half.h"
}

/* What sums are: their keys (the pattern without the sign) order as their
 * magnitudes do, with NaN and infinity above all finite ones. */
typedef struct spar_cuda_f32 {
    typedef float real;
    typedef uint32_t key;
    static const key mask = 0x7fffffffu;
    static const key infinity = 0x7f800000u;
} spar_cuda_f32_t;

typedef struct spar_cuda_f64 {
    typedef double real;
    typedef uint64_t key;
    static const key mask = 0x7fffffffffffffffu;
    static const key infinity = 0x7ff0000000000000u;
} spar_cuda_f64_t;

typedef struct spar_cuda_from_f32 {
    typedef spar_cuda_f32_t sum;

    static __device__ float load(const void *gradient, uint64_t i)
    {
        return ((const float *)gradient)[i];
    }
} spar_cuda_from_f32_t;

typedef struct spar_cuda_from_f64 {
    typedef spar_cuda_f64_t sum;

    static __device__ double load(const void *gradient, uint64_t i)
    {
        return ((const double *)gradient)[i];
    }
} spar_cuda_from_f64_t;

/* 16 bits may lie at any byte. */
static __device__ inline uint16_t spar_cuda_load16(const void *from, uint64_t i)
{
    const unsigned char *bytes = (const unsigned char *)from + 2 * i;

    if (((uintptr_t)from & 1) == 0) {
        return *(const uint16_t *)bytes;
    }
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

typedef struct spar_cuda_from_f16 {
    typedef spar_cuda_f32_t sum;

    static __device__ float load(const void *gradient, uint64_t i)
    {
        return spar_half_value(spar_cuda_load16(gradient, i));
    }
} spar_cuda_from_f16_t;

typedef struct spar_cuda_from_bf16 {
    typedef spar_cuda_f32_t sum;

    static __device__ float load(const void *gradient, uint64_t i)
    {
        return spar_bf16_value(spar_cuda_load16(gradient, i));
    }
} spar_cuda_from_bf16_t;

/* A layer as the kernels see it. */
typedef struct spar_cuda_view {
    const void *gradient;
    const void *residual; /* NULL: zeros */
    uint64_t n;
} spar_cuda_view_t;

/* gradient + residual; i < n. */
template <class FROM>
static __device__ inline typename FROM::sum::real spar_cuda_acc(
    const spar_cuda_view_t &view, uint64_t i)
{
    typedef typename FROM::sum::real real;
    real gradient = FROM::load(view.gradient, i);

    return view.residual == NULL ? gradient
                                 : gradient + ((const real *)view.residual)[i];
}

template <class SUM>
static __device__ inline typename SUM::key spar_cuda_key(
    typename SUM::real value)
{
    typename SUM::key bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits & SUM::mask;
}

/* Of the application's buffer, and a type of kernel for each: call(FROM) for
 * the FROM that `element` (spar_dtype_t) names. */
#define SPAR_CUDA_FOR_ELEMENT(element, call)                                   \
    switch (element) {                                                         \
    case SPAR_DTYPE_F32:                                                       \
        call(spar_cuda_from_f32_t);                                            \
        break;                                                                 \
    case SPAR_DTYPE_F64:                                                       \
        call(spar_cuda_from_f64_t);                                            \
        break;                                                                 \
    case SPAR_DTYPE_F16:                                                       \
        call(spar_cuda_from_f16_t);                                            \
        break;                                                                 \
    default:                                                                   \
        call(spar_cuda_from_bf16_t);                                           \
        break;                                                                 \
    }

/* A kernel for each type of the application's buffer, or for each type of sums,
 * as a file's table of kernels has them (load.h). */
#define SPAR_CUDA_OF_ELEMENTS(kernel)                                          \
    (const void *)kernel<spar_cuda_from_f32_t>,                                \
        (const void *)kernel<spar_cuda_from_f64_t>,                            \
        (const void *)kernel<spar_cuda_from_f16_t>,                            \
        (const void *)kernel<spar_cuda_from_bf16_t>
#define SPAR_CUDA_OF_SUMS(kernel)                                              \
    (const void *)kernel<spar_cuda_f32_t>, (const void *)kernel<spar_cuda_f64_t>

#endif
