/*
 * Spar: whole arrays with fewer bits, for sums that keep no residual: what is
 * rounded off is lost, so rounding has no bias. Int8 with a seed is QSGD
 * (Alistarh et al., NeurIPS 2017, section 3) of 8 bits, with a power of two
 * above the largest magnitude as the norm of each bucket of 64 elements.
 *
 * The payload is that of a wire block (sparsify/wire.h) with all entries: the
 * scales of the groups, where there are any, then the values.
 */
#ifndef SPAR_SPARSIFY_QUANTISE_H
#define SPAR_SPARSIFY_QUANTISE_H

#include "sparsify/values.h"

/* Bytes of the payload of so many float32 elements. */
static inline uint64_t spar_quantise_bytes(spar_values_t values, uint64_t count)
{
    return spar_values_scales(values, 0, count) +
           count * spar_values_size(values);
}

/* Another seed, for another stage of the same call; 0 stays 0. */
uint64_t spar_quantise_seed(uint64_t seed, unsigned stage);

/*
 * Rounds and writes `count` finite elements as `values`, which is not F64.
 *   seed 0      to the nearest, ties to even
 *   otherwise   up or down, so that the mean over seeds is the element itself,
 *               to 2^-17 of a step: (seed, number of the element) decides.
 * `group` is the number of the first group of 64 in the layer. A finite element
 * never becomes infinite. What is not finite stays so as F32 and BF16; as FP16
 * and INT8 it becomes a large number.
 */
void spar_quantise(spar_values_t values, const float *from, size_t count,
                   uint64_t seed, uint64_t group, unsigned char *payload);

/* Reads it: to = elements, or sum += elements. Every scale has been checked
 * (spar_wire_block_open). */
void spar_quantise_get(spar_values_t values, const unsigned char *payload,
                       size_t count, float *to);
void spar_quantise_add(spar_values_t values, const unsigned char *payload,
                       size_t count, float *sum);

/* Whether none of the elements is NaN or infinite. */
bool spar_quantise_is_finite(const float *elements, size_t count);

#endif
