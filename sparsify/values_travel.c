#include "base/half.h"
#include "sparsify/values_scale.h"

static inline uint16_t load16(const unsigned char *from, uint64_t i)
{
    uint16_t value;

    memcpy(&value, from + 2 * i, sizeof(value));
    return value;
}

static inline void store16(unsigned char *to, uint64_t i, uint16_t value)
{
    memcpy(to + 2 * i, &value, sizeof(value));
}

/* The values have been rounded: their lower halves are zero. */
static void put_bf16(const float *from, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < count; i++) {
        store16(to, i, (uint16_t)(spar_half_bits(from[i]) >> 16));
    }
}

static void get_bf16(const unsigned char *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = spar_half_float((uint32_t)load16(from, i) << 16);
    }
}

static void put_group(spar_values_t values, const float *from, float inverse,
                      size_t n, unsigned char *to)
{
    if (values == SPAR_VALUES_INT8) {
        for (size_t i = 0; i < n; i++) {
            to[i] = spar_values_int8(from[i] * inverse);
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            store16(to, i, spar_values_half(from[i] * inverse));
        }
    }
}

static void get_group(spar_values_t values, const unsigned char *from,
                      float factor, size_t n, float *to)
{
    if (values == SPAR_VALUES_INT8) {
        for (size_t i = 0; i < n; i++) {
            to[i] = (float)(int8_t)from[i] * factor;
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            to[i] = spar_half_value(load16(from, i)) * factor;
        }
    }
}

/* Values of the group that value `place` is in, from there on. */
static inline size_t rest_of_group(uint64_t place, size_t count)
{
    size_t n = SPAR_VALUES_GROUP - (size_t)(place % SPAR_VALUES_GROUP);

    return n < count ? n : count;
}

static void put_scaled(spar_values_t values, const float *from, unsigned phase,
                       size_t count, unsigned char *scales, unsigned char *to)
{
    size_t size = spar_values_size(values);
    size_t done, n;

    for (done = 0; done < count; done += n) {
        uint32_t scale;

        n = rest_of_group(phase + done, count - done);
        scale = spar_values_scale(values, from + done, n);
        scales[(phase + done) / SPAR_VALUES_GROUP] = (unsigned char)scale;
        put_group(values, from + done, spar_values_inverse(scale), n,
                  to + size * done);
    }
}

static void get_scaled(spar_values_t values, const unsigned char *scales,
                       unsigned phase, const unsigned char *from,
                       uint64_t first, size_t count, float *to)
{
    size_t size = spar_values_size(values);
    size_t done, n;

    for (done = 0; done < count; done += n) {
        uint64_t place = phase + first + done;

        n = rest_of_group(place, count - done);
        get_group(values, from + size * (first + done),
                  spar_values_factor(scales[place / SPAR_VALUES_GROUP]), n,
                  to + done);
    }
}

void spar_values_put(spar_values_t values, const void *from, unsigned phase,
                     size_t count, unsigned char *scales, unsigned char *to)
{
    switch (values) {
    case SPAR_VALUES_F32:
    case SPAR_VALUES_F64:
        memcpy(to, from, count * spar_values_size(values));
        break;
    case SPAR_VALUES_BF16:
        put_bf16(from, count, to);
        break;
    case SPAR_VALUES_FP16:
    case SPAR_VALUES_INT8:
        put_scaled(values, from, phase, count, scales, to);
        break;
    }
}

void spar_values_get(spar_values_t values, const unsigned char *scales,
                     unsigned phase, const unsigned char *from, uint64_t first,
                     size_t count, void *to)
{
    size_t size = spar_values_size(values);

    switch (values) {
    case SPAR_VALUES_F32:
    case SPAR_VALUES_F64:
        memcpy(to, from + first * size, count * size);
        break;
    case SPAR_VALUES_BF16:
        get_bf16(from + first * size, count, to);
        break;
    case SPAR_VALUES_FP16:
    case SPAR_VALUES_INT8:
        get_scaled(values, scales, phase, from, first, count, to);
        break;
    }
}

bool spar_values_scales_valid(spar_values_t values, const unsigned char *scales,
                              uint64_t count)
{
    uint32_t wrong = 0;
    uint64_t i;

    for (i = 0; i < count; i++) {
        wrong |= scales[i] < SPAR_VALUES_LEAST_SCALE ||
                 scales[i] > spar_values_most_scale(values);
    }
    return wrong == 0;
}
