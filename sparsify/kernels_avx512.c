#include "sparsify/kernels_internal.h"

#include <immintrin.h>

#define MASK         __mmask16
#define MOMENT_VEC   __m512d
#define stream_end   _mm_sfence
#define MOMENT_LANES 8

static inline MASK mask_or(MASK a, MASK b)
{
    return (MASK)(a | b);
}

static inline bool mask_any(MASK mask)
{
    return mask != 0;
}

static inline __m512d moments_zero(void)
{
    return _mm512_setzero_pd();
}

static inline void moments_store(double *to, __m512d value)
{
    _mm512_storeu_pd(to, value);
}

static inline void moments_step(__m512d value, __m512d *sum, __m512d *sum2)
{
    *sum = _mm512_add_pd(*sum, value);
    *sum2 = _mm512_add_pd(*sum2, _mm512_mul_pd(value, value));
}

#define load_f32         _mm512_loadu_ps
#define store_f32        _mm512_storeu_ps
#define stream_f32       _mm512_stream_ps
#define add_f32          _mm512_add_ps
#define zero_f32         _mm512_setzero_ps
#define KEY_INFINITY_f32 SPAR_KEY_INFINITY_F32

static inline MASK above_f32(__m512 x, int32_t below)
{
    __m512i key = _mm512_and_si512(_mm512_castps_si512(x),
                                   _mm512_set1_epi32(SPAR_KEY_MASK_F32));

    return _mm512_cmpgt_epi32_mask(key, _mm512_set1_epi32(below));
}

static inline unsigned bits_f32(MASK mask)
{
    return mask;
}

/* Compresses in the register: the instruction that compresses into memory is
 * several times slower on some processors. */
static inline void compress_f32(__m512 x, unsigned bits, uint32_t index,
                                uint32_t *indices, float *values)
{
    const __m512i lanes =
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i from = _mm512_add_epi32(_mm512_set1_epi32((int)index), lanes);

    _mm512_storeu_si512(indices,
                        _mm512_maskz_compress_epi32((__mmask16)bits, from));
    _mm512_storeu_ps(values, _mm512_maskz_compress_ps((__mmask16)bits, x));
}

static inline void moments_row_f32(const float *gradient, const float *residual,
                                   size_t i, __m512d *sum, __m512d *sum2)
{
    int v;

    for (v = 0; v < 2; v++, i += 8) {
        __m256 acc = _mm256_loadu_ps(gradient + i);

        if (residual != NULL) {
            acc = _mm256_add_ps(acc, _mm256_loadu_ps(residual + i));
        }
        moments_step(_mm512_cvtps_pd(acc), &sum[v], &sum2[v]);
    }
}

#define REAL    float
#define INT     int32_t
#define NAME(x) x##_f32
#define VEC     __m512
#define LANES   16
#include "sparsify/kernels_vector_body.h"
#undef REAL
#undef INT
#undef NAME
#undef VEC
#undef LANES

#define load_f64         _mm512_loadu_pd
#define store_f64        _mm512_storeu_pd
#define stream_f64       _mm512_stream_pd
#define add_f64          _mm512_add_pd
#define zero_f64         _mm512_setzero_pd
#define KEY_INFINITY_f64 SPAR_KEY_INFINITY_F64

static inline MASK above_f64(__m512d x, int64_t below)
{
    __m512i key = _mm512_and_si512(_mm512_castpd_si512(x),
                                   _mm512_set1_epi64(SPAR_KEY_MASK_F64));

    return _mm512_cmpgt_epi64_mask(key, _mm512_set1_epi64(below));
}

static inline unsigned bits_f64(MASK mask)
{
    return mask;
}

static inline void compress_f64(__m512d x, unsigned bits, uint32_t index,
                                uint32_t *indices, double *values)
{
    const __m256i lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    __m256i from = _mm256_add_epi32(_mm256_set1_epi32((int)index), lanes);

    _mm256_storeu_si256((__m256i *)indices,
                        _mm256_maskz_compress_epi32((__mmask8)bits, from));
    _mm512_storeu_pd(values, _mm512_maskz_compress_pd((__mmask8)bits, x));
}

static inline void moments_row_f64(const double *gradient,
                                   const double *residual, size_t i,
                                   __m512d *sum, __m512d *sum2)
{
    int v;

    for (v = 0; v < 2; v++, i += 8) {
        __m512d acc = _mm512_loadu_pd(gradient + i);

        if (residual != NULL) {
            acc = _mm512_add_pd(acc, _mm512_loadu_pd(residual + i));
        }
        moments_step(acc, &sum[v], &sum2[v]);
    }
}

#define REAL    double
#define INT     int64_t
#define NAME(x) x##_f64
#define VEC     __m512d
#define LANES   8
#include "sparsify/kernels_vector_body.h"

#include "sparsify/kernels_half_body.h"
#include "sparsify/kernels_quantise_body.h"

const spar_kernels_t spar_kernels_avx512 =
    SPAR_KERNELS_TABLE("avx512", spar_wire_kernels_avx512);
