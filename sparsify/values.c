#include "sparsify/values.h"

#include "sparsify/values_round.h"

static void round_bf16(float *array, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        array[i] = spar_round_bf16(array[i], seed, i);
    }
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

        if (seed == 0) {
            for (size_t i = 0; i < n; i++) {
                group[i] = spar_round_scaled(values, group[i], scale);
            }
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            group[i] = spar_round_scaled_some(values, group[i], scale, seed,
                                              begin + i);
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
