/*
 * Spar: the loops between 16-bit buffers and float32. No include guard: each
 * instruction set's file includes it, and the compiler makes vectors of it.
 */

static void widen_f16(const void *from, float *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;

        memcpy(&half, (const char *)from + 2 * i, sizeof(half));
        to[i] = spar_half_value(half);
    }
}

static void widen_bf16(const void *from, float *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;

        memcpy(&half, (const char *)from + 2 * i, sizeof(half));
        to[i] = spar_bf16_value(half);
    }
}

static void narrow_f16(const float *restrict from, void *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half = spar_half_round(from[i]);

        memcpy((char *)to + 2 * i, &half, sizeof(half));
    }
}

static void narrow_bf16(const float *restrict from, void *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half = spar_bf16_round(from[i]);

        memcpy((char *)to + 2 * i, &half, sizeof(half));
    }
}

static uint32_t largest_f32(const float *from, size_t n)
{
    int32_t largest = 0;

    for (size_t i = 0; i < n; i++) {
        int32_t key = spar_key_f32(from[i]);

        largest = key > largest ? key : largest;
    }
    return (uint32_t)largest;
}
