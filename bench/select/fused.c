#include "bench/select/fused.h"

#if FUSED_AVAILABLE

#include <immintrin.h>

#define AHEAD 512 /* floats */

static void collect(const float *sum, size_t begin, float threshold,
                    spar_selection_t *selection)
{
    float *values = selection->values;
    size_t i;

    for (i = begin; i < begin + 32; i++) {
        if (__builtin_fabsf(sum[i]) >= threshold &&
            selection->count < selection->capacity) {
            selection->indices[selection->count] = (uint32_t)i;
            values[selection->count++] = sum[i];
        }
    }
}

__attribute__((target("avx2"), always_inline)) static inline void sweep(
    const float *gradient, const float *residual, float *sum, size_t n,
    float threshold, fused_store_t store, spar_selection_t *selection)
{
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256 least = _mm256_set1_ps(threshold);
    float block[32] __attribute__((aligned(32)));
    size_t i, v;

    selection->count = 0;
    for (i = 0; i + 32 <= n; i += 32) {
        __m256 acc[4];
        __m256 above = _mm256_setzero_ps();

        for (v = 0; store == FUSED_PREFETCH && v < 32; v += 16) {
            _mm_prefetch((const char *)(gradient + i + v + AHEAD), _MM_HINT_T0);
            _mm_prefetch((const char *)(residual + i + v + AHEAD), _MM_HINT_T0);
        }
        for (v = 0; v < 4; v++) {
            acc[v] = _mm256_add_ps(_mm256_load_ps(gradient + i + 8 * v),
                                   _mm256_load_ps(residual + i + 8 * v));
            above = _mm256_or_ps(above,
                                 _mm256_cmp_ps(_mm256_and_ps(acc[v], magnitude),
                                               least, _CMP_GE_OQ));
        }
        for (v = 0; v < 4; v++) {
            if (store == FUSED_STREAM) {
                _mm256_stream_ps(sum + i + 8 * v, acc[v]);
            } else {
                _mm256_store_ps(sum + i + 8 * v, acc[v]);
            }
        }
        if (__builtin_expect(_mm256_movemask_ps(above) != 0, 0)) {
            for (v = 0; v < 4; v++) {
                _mm256_store_ps(block + 8 * v, acc[v]);
            }
            collect(block - i, i, threshold, selection);
        }
    }
    _mm_sfence();
}

__attribute__((target("avx2"))) void fused_run(
    const float *gradient, const float *residual, float *sum, size_t n,
    float threshold, fused_store_t store, spar_selection_t *selection)
{
    switch (store) {
    case FUSED_PLAIN:
        sweep(gradient, residual, sum, n, threshold, FUSED_PLAIN, selection);
        break;
    case FUSED_STREAM:
        sweep(gradient, residual, sum, n, threshold, FUSED_STREAM, selection);
        break;
    case FUSED_PREFETCH:
        sweep(gradient, residual, sum, n, threshold, FUSED_PREFETCH, selection);
        break;
    }
}

#endif
