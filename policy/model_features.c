#include "policy/model_units.h"

#include <math.h>

/* What the coding of indices costs above their entropy. */
#define CODING 1.03

double spar_model_price(const spar_model_t *model,
                        const spar_model_units_t *units)
{
    double sum = 0;

    for (unsigned i = 0; i < SPAR_MODEL_TERMS; i++) {
        sum += units->of[i] * model->seconds[i];
    }
    return sum;
}

double spar_model_block_bytes(double count, double entries, double value_bytes)
{
    double share = entries < count / 2 ? entries / count : 0.5;
    double bits = 0;

    if (entries > 0) {
        bits = -count * (share * log2(share) + (1 - share) * log2(1 - share));
    }
    return CODING * bits / 8 + entries * value_bytes;
}

double spar_model_union(double count, double entries, double ranks)
{
    return entries < count ? -count * expm1(ranks * log1p(-entries / count))
                           : count;
}

void spar_model_features(const spar_model_t *model, spar_method_t method,
                         const spar_model_shape_t *shape,
                         spar_model_units_t *units_p)
{
    static spar_model_units_t (*const formulas[SPAR_METHODS])(
        const spar_call_t *) = {[SPAR_METHOD_MPI] = spar_model_mpi,
                                [SPAR_METHOD_RING] = spar_model_ring,
                                [SPAR_METHOD_ALLGATHER] = spar_model_allgather,
                                [SPAR_METHOD_DOUBLING] = spar_model_doubling,
                                [SPAR_METHOD_SPLIT] = spar_model_split,
                                [SPAR_METHOD_NODE] = spar_model_node,
                                [SPAR_METHOD_QUANTISED] = spar_model_quantised};
    spar_call_t call = {.model = model,
                        .shape = shape,
                        .ranks = shape->ranks,
                        .per_node = ceil((double)shape->ranks / shape->nodes),
                        .count = (double)shape->count,
                        .entries = (double)shape->entries};

    if (shape->ranks < 2) {
        *units_p = (spar_model_units_t){{0}};
        return;
    }
    *units_p = formulas[method](&call);
}
