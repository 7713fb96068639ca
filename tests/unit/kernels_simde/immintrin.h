/*
 * Spar: stands in for the compiler's header of this name, so that the AVX-512
 * kernels can be tested on processors without AVX-512. SIMDe computes what
 * the instructions would; what its older versions lack is added here.
 */
#ifndef SPAR_TESTS_UNIT_KERNELS_SIMDE_IMMINTRIN_H
#define SPAR_TESTS_UNIT_KERNELS_SIMDE_IMMINTRIN_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <stdint.h>
#include <stdlib.h>

#define __mmask8  simde__mmask8
#define __mmask16 simde__mmask16

static inline simde__m512d kernels_simde_cvtps_pd(simde__m256 from)
{
    simde_float32 lanes[8];
    simde_float64 wide[8];
    int i;

    simde_mm256_storeu_ps(lanes, from);
    for (i = 0; i < 8; i++) {
        wide[i] = (simde_float64)lanes[i];
    }
    return simde_mm512_loadu_pd(wide);
}

#undef _mm512_cvtps_pd
#define _mm512_cvtps_pd kernels_simde_cvtps_pd

/* Real ones fault where the place is not aligned. */
static inline void kernels_simde_stream_ps(simde_float32 *to, simde__m512 from)
{
    if ((uintptr_t)to % sizeof(from) != 0) {
        abort();
    }
    simde_mm512_storeu_ps(to, from);
}

static inline void kernels_simde_stream_pd(simde_float64 *to, simde__m512d from)
{
    if ((uintptr_t)to % sizeof(from) != 0) {
        abort();
    }
    simde_mm512_storeu_pd(to, from);
}

#define _mm512_stream_ps kernels_simde_stream_ps
#define _mm512_stream_pd kernels_simde_stream_pd

#endif
