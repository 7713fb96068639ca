#include "sparsify/kernels_internal.h"

#include <immintrin.h>

#define MASK         __m256i
#define MOMENT_VEC   __m256d
#define stream_end   _mm_sfence
#define MOMENT_LANES 4

/* For each mask of 8 lanes, one byte per lane: which lanes to keep, in order.
 * 2 KiB, so that it stays in the first-level cache. */
uint64_t spar_kernels_avx2_places[256];

void spar_kernels_avx2_prepare(void)
{
    unsigned mask, lane, kept;

    for (mask = 0; mask < 256; mask++) {
        spar_kernels_avx2_places[mask] = 0;
        for (lane = kept = 0; lane < 8; lane++) {
            if (mask & (1u << lane)) {
                spar_kernels_avx2_places[mask] |= (uint64_t)lane
                                                  << (8 * kept++);
            }
        }
    }
}

static inline MASK mask_or(MASK a, MASK b)
{
    return _mm256_or_si256(a, b);
}

static inline bool mask_any(MASK mask)
{
    return !_mm256_testz_si256(mask, mask);
}

static inline __m256d moments_zero(void)
{
    return _mm256_setzero_pd();
}

static inline void moments_store(double *to, __m256d value)
{
    _mm256_storeu_pd(to, value);
}

static inline void moments_step(__m256d value, __m256d *sum, __m256d *sum2)
{
    *sum = _mm256_add_pd(*sum, value);
    *sum2 = _mm256_add_pd(*sum2, _mm256_mul_pd(value, value));
}

#define load_f32         _mm256_loadu_ps
#define store_f32        _mm256_storeu_ps
#define stream_f32       _mm256_stream_ps
#define add_f32          _mm256_add_ps
#define zero_f32         _mm256_setzero_ps
#define KEY_INFINITY_f32 SPAR_KEY_INFINITY_F32

static inline MASK above_f32(__m256 x, int32_t below)
{
    __m256i key = _mm256_and_si256(_mm256_castps_si256(x),
                                   _mm256_set1_epi32(SPAR_KEY_MASK_F32));

    return _mm256_cmpgt_epi32(key, _mm256_set1_epi32(below));
}

static inline unsigned bits_f32(MASK mask)
{
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

static inline void compress_f32(__m256 x, unsigned bits, uint32_t index,
                                uint32_t *indices, float *values)
{
    __m256i order = _mm256_cvtepu8_epi32(
        _mm_cvtsi64_si128((long long)spar_kernels_avx2_places[bits]));

    _mm256_storeu_si256((__m256i *)indices,
                        _mm256_add_epi32(_mm256_set1_epi32((int)index), order));
    _mm256_storeu_ps(values, _mm256_permutevar8x32_ps(x, order));
}

static inline void moments_row_f32(const float *gradient, const float *residual,
                                   size_t i, __m256d *sum, __m256d *sum2)
{
    int v;

    for (v = 0; v < 4; v += 2, i += 8) {
        __m256 acc = _mm256_loadu_ps(gradient + i);

        if (residual != NULL) {
            acc = _mm256_add_ps(acc, _mm256_loadu_ps(residual + i));
        }
        moments_step(_mm256_cvtps_pd(_mm256_castps256_ps128(acc)), &sum[v],
                     &sum2[v]);
        moments_step(_mm256_cvtps_pd(_mm256_extractf128_ps(acc, 1)),
                     &sum[v + 1], &sum2[v + 1]);
    }
}

#define REAL    float
#define INT     int32_t
#define NAME(x) x##_f32
#define VEC     __m256
#define LANES   8
#include "sparsify/kernels_vector_body.h"
#undef REAL
#undef INT
#undef NAME
#undef VEC
#undef LANES

#define load_f64         _mm256_loadu_pd
#define store_f64        _mm256_storeu_pd
#define stream_f64       _mm256_stream_pd
#define add_f64          _mm256_add_pd
#define zero_f64         _mm256_setzero_pd
#define KEY_INFINITY_f64 SPAR_KEY_INFINITY_F64

static inline MASK above_f64(__m256d x, int64_t below)
{
    __m256i key = _mm256_and_si256(_mm256_castpd_si256(x),
                                   _mm256_set1_epi64x(SPAR_KEY_MASK_F64));

    return _mm256_cmpgt_epi64(key, _mm256_set1_epi64x(below));
}

static inline unsigned bits_f64(MASK mask)
{
    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(mask));
}

/* Four lanes are so few that taking them one by one is as fast as a table. */
static inline void compress_f64(__m256d x, unsigned bits, uint32_t index,
                                uint32_t *indices, double *values)
{
    double lanes[4];
    unsigned lane, kept = 0;

    _mm256_storeu_pd(lanes, x);
    for (lane = 0; lane < 4; lane++) {
        indices[kept] = index + lane;
        values[kept] = lanes[lane];
        kept += (bits >> lane) & (kept < 3);
    }
}

static inline void moments_row_f64(const double *gradient,
                                   const double *residual, size_t i,
                                   __m256d *sum, __m256d *sum2)
{
    int v;

    for (v = 0; v < 4; v++, i += 4) {
        __m256d acc = _mm256_loadu_pd(gradient + i);

        if (residual != NULL) {
            acc = _mm256_add_pd(acc, _mm256_loadu_pd(residual + i));
        }
        moments_step(acc, &sum[v], &sum2[v]);
    }
}

#define REAL    double
#define INT     int64_t
#define NAME(x) x##_f64
#define VEC     __m256d
#define LANES   4
#include "sparsify/kernels_vector_body.h"

#include "sparsify/kernels_half_body.h"
#include "sparsify/kernels_quantise_body.h"

const spar_kernels_t spar_kernels_avx2 =
    SPAR_KERNELS_TABLE("avx2", spar_wire_kernels_avx2);
