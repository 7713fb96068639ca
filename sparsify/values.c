#include "sparsify/values.h"

#include <stdint.h>
#include <string.h>

#define BF16_MASK     0xffff0000u
#define INFINITY_BITS 0x7f800000u
#define MAGNITUDE     0x7fffffffu

static uint32_t round_bits(uint32_t bits)
{
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & BF16_MASK;

    return (rounded & MAGNITUDE) < INFINITY_BITS ? rounded : bits & BF16_MASK;
}

void spar_values_round_bf16(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof(bits));
        bits = round_bits(bits);
        memcpy(&values[i], &bits, sizeof(bits));
    }
}
