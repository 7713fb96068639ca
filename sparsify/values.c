#include "sparsify/values.h"

#include "sparsify/values_scale.h"

#define BF16_MASK     0xffff0000u
#define HALF_MASK     0xffffe000u
#define INFINITY_BITS 0x7f800000u
/* Adding it leaves no bits behind the point, in the default rounding mode. */
#define TO_INTEGER 0x1.8p23f
/* Numbers below the first are multiples of the second as IEEE halves. */
#define HALF_NORMAL 0x1p-14f
#define HALF_STEP   0x1p-24f

/* Finalizer of MurmurHash3 (Appleby) on a counter: enough that neighbours and
 * steps are independent. */
static inline uint32_t noise(uint64_t seed, size_t place)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15u * (uint64_t)(place + 1);

    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(x >> 32);
}

static inline float nearest_integer(float x)
{
    return (x + TO_INTEGER) - TO_INTEGER;
}

/* One of the two integers around x; random is evenly spread. */
static inline float some_integer(float x, uint32_t random)
{
    float nearest = nearest_integer(x);
    float below = nearest - (float)(nearest > x);

    return below + (float)((float)(random >> 8) * 0x1p-24f < x - below);
}

/* `add` carries into the bits that stay: all that are cut off, at most. */
static inline float cut(float value, uint32_t add, uint32_t mask)
{
    return spar_half_float((spar_half_bits(value) + add) & mask);
}

static inline float clamp(float x, float limit)
{
    x = x < limit ? x : limit;
    return x > -limit ? x : -limit;
}

static inline float nearest_bf16(float value)
{
    uint32_t odd = (spar_half_bits(value) >> 16) & 1u;

    return cut(value, 0x7fffu + odd, BF16_MASK);
}

/* The first if x is below the least normal half. Chosen as integers: compilers
 * keep branches between floating-point computations. */
static inline float half_choose(float x, float subnormal, float normal)
{
    uint32_t small = (spar_half_bits(x) & SPAR_VALUES_MAGNITUDE) <
                     spar_half_bits(HALF_NORMAL);
    uint32_t a = spar_half_bits(subnormal), b = spar_half_bits(normal);

    return spar_half_float(b ^ ((a ^ b) & (0u - small)));
}

static inline float nearest_half(float x)
{
    uint32_t odd = (spar_half_bits(x) >> 13) & 1u;

    return half_choose(x, nearest_integer(x * (1 / HALF_STEP)) * HALF_STEP,
                       cut(x, 0xfffu + odd, HALF_MASK));
}

static inline float some_half(float x, uint32_t random)
{
    return half_choose(x, some_integer(x * (1 / HALF_STEP), random) * HALF_STEP,
                       cut(x, random >> 19, HALF_MASK));
}

/* If the difference is exact, so is the sum (Dekker 1971); a value that is
 * far below its neighbours on the grid may have more bits than fit. */
static inline bool exact(float value, float rounded)
{
    return rounded + (value - rounded) == value;
}

static void round_bf16(float *array, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        float value = array[i];
        float rounded = seed == 0 ? nearest_bf16(value)
                                  : cut(value, noise(seed, i) >> 16, BF16_MASK);

        array[i] =
            (spar_half_bits(rounded) & SPAR_VALUES_MAGNITUDE) < INFINITY_BITS
                ? rounded
                : cut(value, 0, BF16_MASK);
    }
}

static inline float nearest(spar_values_t values, float x)
{
    x = clamp(x, spar_values_limit(values));
    return values == SPAR_VALUES_INT8 ? nearest_integer(x) : nearest_half(x);
}

static inline float some(spar_values_t values, float x, uint32_t random)
{
    x = clamp(x, spar_values_limit(values));
    return values == SPAR_VALUES_INT8 ? some_integer(x, random)
                                      : some_half(x, random);
}

/* Inlined with a constant type. */
static inline void round_scaled(spar_values_t values, float *array,
                                size_t count, uint64_t seed)
{
    for (size_t begin = 0; begin < count; begin += SPAR_VALUES_GROUP) {
        size_t n = count - begin < SPAR_VALUES_GROUP ? count - begin
                                                     : SPAR_VALUES_GROUP;
        float *group = array + begin;
        uint32_t scale = spar_values_scale(values, group, n);
        float factor = spar_values_factor(scale);
        float inverse = spar_values_inverse(scale);

        if (seed == 0) {
            for (size_t i = 0; i < n; i++) {
                group[i] = nearest(values, group[i] * inverse) * factor;
            }
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            float value = group[i], x = value * inverse;
            float tried = some(values, x, noise(seed, begin + i)) * factor;

            group[i] =
                exact(value, tried) ? tried : nearest(values, x) * factor;
        }
    }
}

void spar_values_round(spar_values_t values, float *array, size_t count,
                       uint64_t seed)
{
    switch (values) {
    case SPAR_VALUES_F32:
    case SPAR_VALUES_F64:
        break;
    case SPAR_VALUES_BF16:
        round_bf16(array, count, seed);
        break;
    case SPAR_VALUES_FP16:
        round_scaled(SPAR_VALUES_FP16, array, count, seed);
        break;
    case SPAR_VALUES_INT8:
        round_scaled(SPAR_VALUES_INT8, array, count, seed);
        break;
    }
}
