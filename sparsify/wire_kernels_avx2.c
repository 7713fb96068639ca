#include "sparsify/kernels_internal.h"
#include "sparsify/wire_writer.h"

#include <immintrin.h>

#define VEC   __m256i
#define LANES 8

#define vec_load(from)   _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define vec_store(to, v) _mm256_storeu_si256((__m256i *)(void *)(to), v)
#define vec_set(x)       _mm256_set1_epi32((int)(x))
#define vec_add          _mm256_add_epi32
#define vec_sub          _mm256_sub_epi32
#define vec_and          _mm256_and_si256
#define vec_shl(v, bits) _mm256_sll_epi32(v, _mm_cvtsi32_si128((int)(bits)))
#define vec_shr(v, bits) _mm256_srl_epi32(v, _mm_cvtsi32_si128((int)(bits)))

static inline VEC vec_numbers(void)
{
    return _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
}

static inline uint32_t vec_first(VEC v)
{
    return (uint32_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(v));
}

static inline VEC vec_last(VEC v)
{
    return _mm256_permutevar8x32_epi32(v, vec_set(7));
}

/* The shifts stay within half a vector; the lower half's sum follows. */
static inline VEC vec_prefix(VEC v)
{
    VEC lower;

    v = vec_add(v, _mm256_slli_si256(v, 4));
    v = vec_add(v, _mm256_slli_si256(v, 8));
    lower = _mm256_shuffle_epi32(v, 0xff);
    return vec_add(v, _mm256_permute2x128_si256(lower, lower, 0x08));
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
    const VEC begin = _mm256_mullo_epi32(vec_numbers(), vec_set(parameter));
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
    VEC first = _mm256_permutevar8x32_epi32(words, plan.word);
    VEC second =
        _mm256_permutevar8x32_epi32(words, vec_add(plan.word, vec_set(1)));

    return vec_and(_mm256_or_si256(_mm256_srlv_epi32(first, plan.right),
                                   _mm256_sllv_epi32(second, plan.left)),
                   plan.mask);
}

static inline size_t expand(uint64_t word, uint32_t first, uint32_t *places)
{
    size_t found = 0;
    unsigned part;

    for (part = 0; part < 8; part++) {
        unsigned bits = (unsigned)(word >> (8 * part)) & 0xff;
        VEC numbers = _mm256_cvtepu8_epi32(
            _mm_cvtsi64_si128((long long)spar_kernels_avx2_places[bits]));

        vec_store(places + found, vec_add(numbers, vec_set(first + 8 * part)));
        found += (size_t)__builtin_popcount(bits);
    }
    return found;
}

static inline void pairs(VEC v, unsigned bits, uint64_t units[LANES / 2])
{
    VEC even = vec_and(v, _mm256_set1_epi64x(0xffffffff));
    VEC odd = _mm256_sll_epi64(_mm256_srli_epi64(v, 32),
                               _mm_cvtsi32_si128((int)bits));

    vec_store(units, _mm256_or_si256(even, odd));
}

static inline uint64_t unary_bits(VEC ends)
{
    const VEC one = _mm256_set1_epi64x(1);
    VEC numbers = vec_sub(ends, vec_set(1));
    VEC bits = _mm256_or_si256(
        _mm256_sllv_epi64(one,
                          vec_and(numbers, _mm256_set1_epi64x(0xffffffff))),
        _mm256_sllv_epi64(one, _mm256_srli_epi64(numbers, 32)));
    __m128i half = _mm_or_si128(_mm256_castsi256_si128(bits),
                                _mm256_extracti128_si256(bits, 1));

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_or_si128(half, _mm_unpackhi_epi64(half, half)));
}

#define WIDE        __m256i
#define wide_zero() _mm256_setzero_si256()

static inline WIDE wide_add(WIDE wide, VEC v)
{
    wide = _mm256_add_epi64(wide, vec_and(v, _mm256_set1_epi64x(0xffffffff)));
    return _mm256_add_epi64(wide, _mm256_srli_epi64(v, 32));
}

static inline uint64_t wide_sum(WIDE wide)
{
    uint64_t lanes[4];

    vec_store(lanes, wide);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

#include "sparsify/wire_kernels_vector_body.h"

const spar_wire_kernels_t spar_wire_kernels_avx2 =
    SPAR_WIRE_KERNELS_TABLE("avx2");
