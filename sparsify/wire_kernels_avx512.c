#include "sparsify/wire_writer.h"

#include <immintrin.h>

#define VEC   __m512i
#define LANES 16

#define vec_load(from)   _mm512_loadu_si512(from)
#define vec_store(to, v) _mm512_storeu_si512(to, v)
#define vec_set(x)       _mm512_set1_epi32((int)(x))
#define vec_add          _mm512_add_epi32
#define vec_sub          _mm512_sub_epi32
#define vec_and          _mm512_and_si512
#define vec_shl(v, bits) _mm512_sll_epi32(v, _mm_cvtsi32_si128((int)(bits)))
#define vec_shr(v, bits) _mm512_srl_epi32(v, _mm_cvtsi32_si128((int)(bits)))

static inline VEC vec_numbers(void)
{
    return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
                            0);
}

static inline uint32_t vec_first(VEC v)
{
    return (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(v));
}

static inline VEC vec_last(VEC v)
{
    return _mm512_permutexvar_epi32(vec_set(15), v);
}

/* Lane i - by; zero where there is none. */
static inline VEC vec_up(VEC v, unsigned by)
{
    return _mm512_maskz_permutexvar_epi32(
        (__mmask16)(0xffffu << by), vec_sub(vec_numbers(), vec_set(by)), v);
}

static inline VEC vec_prefix(VEC v)
{
    v = vec_add(v, vec_up(v, 1));
    v = vec_add(v, vec_up(v, 2));
    v = vec_add(v, vec_up(v, 4));
    return vec_add(v, vec_up(v, 8));
}

/* Where each number begins: a word, and a bit of it. */
typedef struct unpack {
    VEC word;
    VEC right;
    VEC left;
    VEC mask;
} unpack_t;

static inline unpack_t unpack_plan(unsigned parameter)
{
    const VEC begin = _mm512_mullo_epi32(vec_numbers(), vec_set(parameter));
    unpack_t plan;

    plan.word = vec_shr(begin, 5);
    plan.right = vec_and(begin, vec_set(31));
    plan.left = vec_sub(vec_set(32), plan.right);
    plan.mask = vec_set(((uint32_t)1 << parameter) - 1);
    return plan;
}

/* A shift by 32, where a number ends with its word, gives zero. */
static inline VEC unpack(unpack_t plan, const unsigned char *from)
{
    VEC words = vec_load(from);
    VEC first = _mm512_permutexvar_epi32(plan.word, words);
    VEC second =
        _mm512_permutexvar_epi32(vec_add(plan.word, vec_set(1)), words);

    return vec_and(_mm512_or_si512(_mm512_srlv_epi32(first, plan.right),
                                   _mm512_sllv_epi32(second, plan.left)),
                   plan.mask);
}

static inline size_t expand(uint64_t word, uint32_t first, uint32_t *places)
{
    VEC numbers = vec_add(vec_numbers(), vec_set(first));
    size_t found = 0;
    int part;

    for (part = 0; part < 4; part++) {
        __mmask16 bits = (__mmask16)(word >> (16 * part));

        vec_store(places + found, _mm512_maskz_compress_epi32(bits, numbers));
        found += (size_t)__builtin_popcount(bits);
        numbers = vec_add(numbers, vec_set(16));
    }
    return found;
}

static inline void pairs(VEC v, unsigned bits, uint64_t units[LANES / 2])
{
    VEC even = vec_and(v, _mm512_set1_epi64(0xffffffff));
    VEC odd = _mm512_sll_epi64(_mm512_srli_epi64(v, 32),
                               _mm_cvtsi32_si128((int)bits));

    vec_store(units, _mm512_or_si512(even, odd));
}

static inline uint64_t unary_bits(VEC ends)
{
    const VEC one = _mm512_set1_epi64(1);
    VEC numbers = vec_sub(ends, vec_set(1));
    VEC bits = _mm512_or_si512(
        _mm512_sllv_epi64(one, vec_and(numbers, _mm512_set1_epi64(0xffffffff))),
        _mm512_sllv_epi64(one, _mm512_srli_epi64(numbers, 32)));
    __m256i half = _mm256_or_si256(_mm512_castsi512_si256(bits),
                                   _mm512_extracti64x4_epi64(bits, 1));
    __m128i quarter = _mm_or_si128(_mm256_castsi256_si128(half),
                                   _mm256_extracti128_si256(half, 1));

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_or_si128(quarter, _mm_unpackhi_epi64(quarter, quarter)));
}

#define WIDE        __m512i
#define wide_zero() _mm512_setzero_si512()

static inline WIDE wide_add(WIDE wide, VEC v)
{
    wide = _mm512_add_epi64(wide, vec_and(v, _mm512_set1_epi64(0xffffffff)));
    return _mm512_add_epi64(wide, _mm512_srli_epi64(v, 32));
}

static inline uint64_t wide_sum(WIDE wide)
{
    uint64_t lanes[8];
    uint64_t sum = 0;
    int i;

    _mm512_storeu_si512(lanes, wide);
    for (i = 0; i < 8; i++) {
        sum += lanes[i];
    }
    return sum;
}

#include "sparsify/wire_kernels_vector_body.h"

const spar_wire_kernels_t spar_wire_kernels_avx512 =
    SPAR_WIRE_KERNELS_TABLE("avx512");
