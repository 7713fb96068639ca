/*
 * Spar: elements of a buffer, four at a time where it is aligned to four of
 * them, and results, one or four at a time. See element.cuh.
 */
#ifndef SPAR_CUDA_FOUR_CUH
#define SPAR_CUDA_FOUR_CUH

#include "cuda/element.cuh"

/* At most 16 bytes can be moved at once. */
template <typename real> struct __align__(16) spar_cuda_four
{
    real of[4];
};

struct __align__(8) spar_cuda_four16
{
    uint16_t of[4];
};

/* Of float32 and float64. */
template <class FROM> struct spar_cuda_access {
    typedef typename FROM::sum::real real;

    static __device__ spar_cuda_four<real> load(const void *from, uint64_t i)
    {
        return *(const spar_cuda_four<real> *)((const real *)from + i);
    }
    static __device__ void store(void *to, uint64_t i, real value)
    {
        ((real *)to)[i] = value;
    }
    static __device__ void store(void *to, uint64_t i,
                                 const spar_cuda_four<real> &values)
    {
        *(spar_cuda_four<real> *)((real *)to + i) = values;
    }
};

static __device__ inline uint16_t spar_cuda_round(spar_cuda_from_f16_t,
                                                  float value)
{
    return spar_half_round(value);
}

static __device__ inline uint16_t spar_cuda_round(spar_cuda_from_bf16_t,
                                                  float value)
{
    return spar_bf16_round(value);
}

template <class FROM> struct spar_cuda_access16 {
    static __device__ spar_cuda_four<float> load(const void *from, uint64_t i)
    {
        spar_cuda_four16 bits =
            *(const spar_cuda_four16 *)((const uint16_t *)from + i);
        spar_cuda_four<float> values;

        for (int j = 0; j < 4; j++) {
            values.of[j] = FROM::load(bits.of, j);
        }
        return values;
    }
    static __device__ void store(void *to, uint64_t i, float value)
    {
        uint16_t bits = spar_cuda_round(FROM(), value);
        unsigned char *bytes = (unsigned char *)to + 2 * i;

        if (((uintptr_t)to & 1) == 0) {
            *(uint16_t *)bytes = bits;
        } else {
            bytes[0] = (unsigned char)bits;
            bytes[1] = (unsigned char)(bits >> 8);
        }
    }
    static __device__ void store(void *to, uint64_t i,
                                 const spar_cuda_four<float> &values)
    {
        spar_cuda_four16 bits;

        for (int j = 0; j < 4; j++) {
            bits.of[j] = spar_cuda_round(FROM(), values.of[j]);
        }
        *(spar_cuda_four16 *)((uint16_t *)to + i) = bits;
    }
};

template <>
struct spar_cuda_access<spar_cuda_from_f16_t>
    : spar_cuda_access16<spar_cuda_from_f16_t> {
};

template <>
struct spar_cuda_access<spar_cuda_from_bf16_t>
    : spar_cuda_access16<spar_cuda_from_bf16_t> {
};

/* Bytes to which a buffer is aligned of which four elements move at once. */
static inline size_t spar_cuda_four_alignment(spar_dtype_t element)
{
    return spar_dtype_is_16(element) ? 8 : 16;
}

#endif
