#include "sparsify/quantise.h"

#include "sparsify/kernels.h"
#include "sparsify/values_round.h"

/* Neighbouring seeds differ in few bits. */
uint64_t spar_quantise_seed(uint64_t seed, unsigned stage)
{
    uint64_t high = spar_round_noise(seed, 2 * (size_t)stage);
    uint64_t low = spar_round_noise(seed, 2 * (size_t)stage + 1);

    return seed == 0 ? 0 : high << 32 | low | 1;
}

void spar_quantise(spar_values_t values, const float *from, size_t count,
                   uint64_t seed, uint64_t group, unsigned char *payload)
{
    spar_kernels()->quantise(values, from, count, seed, group, payload);
}

void spar_quantise_get(spar_values_t values, const unsigned char *payload,
                       size_t count, float *to)
{
    spar_kernels()->quantise_get(values, payload, count, to);
}

void spar_quantise_add(spar_values_t values, const unsigned char *payload,
                       size_t count, float *sum)
{
    spar_kernels()->quantise_add(values, payload, count, sum);
}

bool spar_quantise_is_finite(const float *elements, size_t count)
{
    return spar_kernels()->largest_f32(elements, count) <
           SPAR_ROUND_INFINITY_BITS;
}
