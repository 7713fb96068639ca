#include "sparsify/values.h"

#include <stdint.h>
#include <string.h>

#define BF16_MASK     0xffff0000u
#define INFINITY_BITS 0x7f800000u
#define MAGNITUDE     0x7fffffffu

/* Finalizer of MurmurHash3 (Appleby) on a counter: enough that neighbours and
 * steps are independent. */
static inline uint32_t noise(uint64_t seed, size_t place)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15u * (uint64_t)(place + 1);

    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(x >> 32);
}

/* `add` is 0 to 0xffff: what carries into the bits that stay. */
static inline uint32_t round_bits(uint32_t bits, uint32_t add)
{
    uint32_t rounded = (bits + add) & BF16_MASK;

    return (rounded & MAGNITUDE) < INFINITY_BITS ? rounded : bits & BF16_MASK;
}

void spar_values_round_bf16(float *values, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof(bits));
        bits = round_bits(bits, seed == 0 ? 0x7fffu + ((bits >> 16) & 1u)
                                          : noise(seed, i) >> 16);
        memcpy(&values[i], &bits, sizeof(bits));
    }
}
