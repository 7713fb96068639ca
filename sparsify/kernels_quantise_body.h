/*
 * Spar: the loops of sparsify/quantise.h. No include guard: each instruction
 * set's file includes it, and the compiler makes vectors of it: groups are of
 * one size, the last one is filled up with zeros, and decisions are selections.
 */
#include "sparsify/values_round.h"

#define GROUP SPAR_VALUES_GROUP

/* A hash gives two elements their 16 bits: Wellons' lowbias32 on a counter,
 * with a key between its rounds. */
static inline void quantise_draw(uint64_t seed, uint64_t group,
                                 uint32_t *restrict random)
{
    const uint32_t first = spar_round_noise(seed, 2 * group);
    const uint32_t key = spar_round_noise(seed, 2 * group + 1);

    for (uint32_t i = 0; i < GROUP / 2; i++) {
        uint32_t x = first + i * 0x9e3779b9u;

        x = (x ^ (x >> 16)) * 0x7feb352du;
        x = ((x ^ (x >> 15)) + key) * 0x846ca68bu;
        x ^= x >> 16;
        random[i] = x & 0xffffu;
        random[i + GROUP / 2] = x >> 16;
    }
}

static inline void quantise_store16(unsigned char *to, size_t i, uint32_t value)
{
    uint16_t half = (uint16_t)value;

    memcpy(to + 2 * i, &half, sizeof(half));
}

static inline uint16_t quantise_load16(const unsigned char *from, size_t i)
{
    uint16_t half;

    memcpy(&half, from + 2 * i, sizeof(half));
    return half;
}

/* The first where `small` is 1, the second where it is 0. Chosen as integers:
 * compilers keep branches between floating-point computations. */
static inline uint32_t quantise_choose(uint32_t small, uint32_t a, uint32_t b)
{
    return b ^ ((a ^ b) & (0u - small));
}

/*
 * What is added to a number before it is rounded to the nearest integer, so
 * that it is rounded up or down: evenly spread, `bits` random ones, between
 * -1/2 and 1/2, both of which it misses by half a step. So integers stay what
 * they are; below 2^(23 - bits), the sum is exact for them.
 */
static inline float quantise_dither(uint32_t random, unsigned bits)
{
    float steps = (float)(int32_t)(1u << bits);

    return ((float)(int32_t)random + 0.5f - 0.5f * steps) * (1 / steps);
}

/* In the lower bits. */
static inline uint32_t quantise_integer(float x)
{
    return spar_half_bits(x + SPAR_VALUES_TO_INTEGER);
}

/* Beyond the limit only next to the largest float32, and where values are not
 * finite. */
static inline float quantise_clamp(uint32_t bits, float limit)
{
    uint32_t most = spar_half_bits(limit);
    uint32_t magnitude = bits & SPAR_VALUES_MAGNITUDE;

    magnitude = magnitude < most ? magnitude : most;
    return spar_half_float(magnitude | (bits & ~SPAR_VALUES_MAGNITUDE));
}

/* Of a value that becomes infinite the lower bits are cut off instead. */
static inline void quantise_bf16(const float *restrict from,
                                 const uint32_t *restrict random,
                                 unsigned char *restrict to)
{
    for (size_t i = 0; i < GROUP; i++) {
        uint32_t cut = spar_half_bits(from[i]);
        uint32_t add =
            random == NULL ? 0x7fffu + ((cut >> 16) & 1u) : random[i];
        uint32_t rounded = cut + add;
        uint32_t infinite =
            (rounded & SPAR_VALUES_MAGNITUDE) >= SPAR_ROUND_INFINITY_BITS;

        quantise_store16(to, i, quantise_choose(infinite, cut, rounded) >> 16);
    }
}

/* A carry out of the fraction is right: the next power of two follows. So is
 * one out of the subnormal numbers. */
static inline uint32_t quantise_half(float x, const uint32_t *random)
{
    uint32_t bits = spar_half_bits(x);
    uint32_t magnitude = bits & SPAR_VALUES_MAGNITUDE;
    uint32_t odd = (magnitude >> SPAR_HALF_SHIFT) & 1u;
    uint32_t add = random == NULL ? 0xfffu + odd : *random >> 3;
    float dither = random == NULL ? 0 : quantise_dither(*random >> 3, 13);
    uint32_t normal = (magnitude - SPAR_HALF_BIAS + add) >> SPAR_HALF_SHIFT;
    uint32_t subnormal =
        quantise_integer(spar_half_float(magnitude) * 0x1p24f + dither) &
        0x7ffu;

    return ((bits >> 16) & 0x8000u) |
           quantise_choose(magnitude < SPAR_HALF_NORMAL, subnormal, normal);
}

static inline void quantise_fp16(const float *restrict from,
                                 const uint32_t *restrict random, float inverse,
                                 unsigned char *restrict to)
{
    const float limit = spar_values_limit(SPAR_VALUES_FP16);

    for (size_t i = 0; i < GROUP; i++) {
        float x = quantise_clamp(spar_half_bits(from[i] * inverse), limit);

        quantise_store16(to, i,
                         quantise_half(x, random == NULL ? NULL : random + i));
    }
}

static inline void quantise_int8(const float *restrict from,
                                 const uint32_t *restrict random, float inverse,
                                 unsigned char *restrict to)
{
    const float limit = spar_values_limit(SPAR_VALUES_INT8);

    for (size_t i = 0; i < GROUP; i++) {
        float x = quantise_clamp(spar_half_bits(from[i] * inverse), limit);
        float dither = random == NULL ? 0 : quantise_dither(random[i], 16);

        to[i] = (unsigned char)quantise_integer(x + dither);
    }
}

static inline uint32_t quantise_scale(spar_values_t values,
                                      const float *restrict from)
{
    int32_t most = 0;

    for (size_t i = 0; i < GROUP; i++) {
        int32_t key = spar_key_f32(from[i]);

        most = key > most ? key : most;
    }
    return spar_values_scale_of(values, (uint32_t)most);
}

/* Inlined with a constant type, and with and without random numbers. */
static inline __attribute__((always_inline)) void quantise_group(
    spar_values_t values, const float *from, const uint32_t *random,
    unsigned char *scale, unsigned char *to)
{
    if (values == SPAR_VALUES_BF16) {
        quantise_bf16(from, random, to);
        return;
    }
    *scale = (unsigned char)quantise_scale(values, from);
    if (values == SPAR_VALUES_FP16) {
        quantise_fp16(from, random, spar_values_inverse(*scale), to);
    } else {
        quantise_int8(from, random, spar_values_inverse(*scale), to);
    }
}

/* The last group, filled up; `random` holds that of a whole one. */
static inline __attribute__((always_inline)) void quantise_rest(
    spar_values_t values, const float *from, size_t n, const uint32_t *random,
    unsigned char *scale, unsigned char *to)
{
    float filled[GROUP] = {0};
    unsigned char bytes[2 * GROUP];

    memcpy(filled, from, n * sizeof(*from));
    quantise_group(values, filled, random, scale, bytes);
    memcpy(to, bytes, n * spar_values_size(values));
}

static inline __attribute__((always_inline)) void quantise_as(
    spar_values_t values, const float *from, size_t n, uint64_t seed,
    uint64_t group, unsigned char *payload)
{
    const size_t size = spar_values_size(values);
    unsigned char *scale = payload;
    unsigned char *to = payload + spar_values_scales(values, 0, n);
    uint32_t random[GROUP];

    for (size_t i = 0; i < n; i += GROUP, scale++, group++) {
        const uint32_t *drawn = seed == 0 ? NULL : random;

        if (seed != 0) {
            quantise_draw(seed, group, random);
        }
        if (n - i < GROUP) {
            quantise_rest(values, from + i, n - i, drawn, scale, to + size * i);
        } else if (seed == 0) {
            quantise_group(values, from + i, NULL, scale, to + size * i);
        } else {
            quantise_group(values, from + i, random, scale, to + size * i);
        }
    }
}

static void quantise(spar_values_t values, const float *from, size_t n,
                     uint64_t seed, uint64_t group, unsigned char *payload)
{
    switch (values) {
    case SPAR_VALUES_BF16:
        quantise_as(SPAR_VALUES_BF16, from, n, seed, group, payload);
        break;
    case SPAR_VALUES_FP16:
        quantise_as(SPAR_VALUES_FP16, from, n, seed, group, payload);
        break;
    case SPAR_VALUES_INT8:
        quantise_as(SPAR_VALUES_INT8, from, n, seed, group, payload);
        break;
    case SPAR_VALUES_F32:
    case SPAR_VALUES_F64:
        memcpy(payload, from, n * sizeof(*from));
        break;
    }
}

/* What spar_quantise writes: neither NaN nor infinity. */
static inline float quantise_half_value(uint32_t half)
{
    uint32_t magnitude = half & 0x7fffu;
    uint32_t normal = (magnitude << SPAR_HALF_SHIFT) + SPAR_HALF_BIAS;
    uint32_t subnormal = spar_half_bits((float)(int32_t)magnitude * 0x1p-24f);

    return spar_half_float(
        quantise_choose(magnitude < 0x400u, subnormal, normal) |
        (half & 0x8000u) << 16);
}

static inline float quantise_value(spar_values_t values,
                                   const unsigned char *from, size_t i,
                                   float factor)
{
    float value;

    switch (values) {
    case SPAR_VALUES_BF16:
        return spar_half_float((uint32_t)quantise_load16(from, i) << 16);
    case SPAR_VALUES_FP16:
        return quantise_half_value(quantise_load16(from, i)) * factor;
    case SPAR_VALUES_INT8:
        return (float)(int8_t)from[i] * factor;
    default:
        memcpy(&value, from + sizeof(value) * i, sizeof(value));
        return value;
    }
}

/* Inlined with a constant type, number and choice of what to do. */
static inline __attribute__((always_inline)) void quantise_read_group(
    spar_values_t values, const unsigned char *restrict from, float factor,
    bool adds, size_t n, float *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        float value = quantise_value(values, from, i, factor);

        to[i] = adds ? to[i] + value : value;
    }
}

static inline __attribute__((always_inline)) void quantise_read_as(
    spar_values_t values, const unsigned char *payload, bool adds, size_t n,
    float *to)
{
    const size_t size = spar_values_size(values);
    const unsigned char *from = payload + spar_values_scales(values, 0, n);
    const bool scaled = spar_values_scaled(values);
    size_t i;

    for (i = 0; i + GROUP <= n; i += GROUP) {
        quantise_read_group(values, from + size * i,
                            scaled ? spar_values_factor(payload[i / GROUP])
                                   : 1.0f,
                            adds, GROUP, to + i);
    }
    if (i < n) {
        quantise_read_group(values, from + size * i,
                            scaled ? spar_values_factor(payload[i / GROUP])
                                   : 1.0f,
                            adds, n - i, to + i);
    }
}

static inline __attribute__((always_inline)) void quantise_read(
    spar_values_t values, const unsigned char *payload, bool adds, size_t n,
    float *to)
{
    switch (values) {
    case SPAR_VALUES_BF16:
        quantise_read_as(SPAR_VALUES_BF16, payload, adds, n, to);
        break;
    case SPAR_VALUES_FP16:
        quantise_read_as(SPAR_VALUES_FP16, payload, adds, n, to);
        break;
    case SPAR_VALUES_INT8:
        quantise_read_as(SPAR_VALUES_INT8, payload, adds, n, to);
        break;
    case SPAR_VALUES_F32:
    case SPAR_VALUES_F64:
        quantise_read_as(SPAR_VALUES_F32, payload, adds, n, to);
        break;
    }
}

static void quantise_get(spar_values_t values, const unsigned char *payload,
                         size_t n, float *to)
{
    quantise_read(values, payload, false, n, to);
}

static void quantise_add(spar_values_t values, const unsigned char *payload,
                         size_t n, float *sum)
{
    quantise_read(values, payload, true, n, sum);
}

#undef GROUP
