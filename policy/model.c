#include "policy/model.h"

#include "policy/model_features.h"

#include <math.h>
#include <string.h>

/* Share of a message's latency during which its interface is busy. */
#define OVERHEAD 0.1

void spar_model_guess(double latency, double rate, spar_model_t *model_p)
{
    /* Shared memory: copies at a few GB/s. Local work: one core whose kernels
     * run at the speed of memory where they stream, and at that of cache misses
     * where entries scatter. */
    spar_model_t model = {
        .seconds = {[SPAR_MODEL_NODE_LATENCY] = 1e-6,
                    [SPAR_MODEL_NODE_MESSAGE] = 5e-7,
                    [SPAR_MODEL_NODE_BYTE] = 2.5e-10,
                    [SPAR_MODEL_NETWORK_LATENCY] = (1 - OVERHEAD) * latency,
                    [SPAR_MODEL_NETWORK_MESSAGE] = OVERHEAD * latency,
                    [SPAR_MODEL_NETWORK_BYTE] = 1 / rate,
                    [SPAR_MODEL_SCAN] = 5e-10,
                    [SPAR_MODEL_COMMIT] = 1e-9,
                    [SPAR_MODEL_ENCODE] = 5e-9,
                    [SPAR_MODEL_ADD] = 5e-9,
                    [SPAR_MODEL_MERGE] = 5e-9,
                    [SPAR_MODEL_REDUCE] = 5e-10}};

    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        model.factor[i] = 1;
    }
    *model_p = model;
}

double spar_model_predict(const spar_model_t *model, spar_method_t method,
                          const spar_model_shape_t *shape)
{
    spar_model_units_t units;

    spar_model_features(model, method, shape, &units);
    return model->factor[method] * spar_model_price(model, &units);
}

/* The methods that are possible with this shape. */
static unsigned possible(const spar_model_shape_t *shape)
{
    unsigned methods = SPAR_METHOD_ALL;

    if (shape->nodes <= 1 || shape->nodes >= shape->ranks) {
        methods &= ~SPAR_METHOD_BIT(SPAR_METHOD_NODE);
    }
    if (shape->ranks > SPAR_MODEL_SPLIT_RANKS) {
        methods &= ~SPAR_METHOD_BIT(SPAR_METHOD_SPLIT);
    }
    return methods;
}

spar_method_t spar_model_choose(const spar_model_t *model,
                                const spar_model_shape_t *shape,
                                unsigned allowed,
                                spar_model_ranking_t *ranking_p)
{
    spar_model_ranking_t ranking = {.count = 0};

    allowed &= possible(shape);
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        spar_method_t method = (spar_method_t)i;
        unsigned place = ranking.count;
        double seconds;

        if ((allowed & SPAR_METHOD_BIT(method)) == 0) {
            continue;
        }
        seconds = spar_model_predict(model, method, shape);
        for (; place > 0 && seconds < ranking.seconds[place - 1]; place--) {
            ranking.methods[place] = ranking.methods[place - 1];
            ranking.seconds[place] = ranking.seconds[place - 1];
        }
        ranking.methods[place] = method;
        ranking.seconds[place] = seconds;
        ranking.count++;
    }
    *ranking_p = ranking;
    return ranking.count > 0 ? ranking.methods[0] : SPAR_METHOD_MPI;
}

double spar_model_break_even(const spar_model_t *model,
                             const spar_model_shape_t *shape,
                             spar_method_t method, unsigned dense)
{
    spar_model_shape_t sparse = *shape;
    spar_model_ranking_t ranking;
    uint64_t low = 0;             /* fast enough, with no entry at the latest */
    uint64_t high = shape->count; /* at most this many are */

    if (shape->count == 0) {
        return 0;
    }
    sparse.entries = 0;
    spar_model_choose(model, &sparse, dense & SPAR_METHOD_DENSE, &ranking);
    if (ranking.count == 0) {
        return 0;
    }
    while (low < high) {
        sparse.entries = low + (high - low + 1) / 2;
        if (spar_model_predict(model, method, &sparse) <= ranking.seconds[0]) {
            low = sparse.entries;
        } else {
            high = sparse.entries - 1;
        }
    }
    return (double)low / (double)shape->count;
}

static const char *const names[SPAR_MODEL_NUMBERS] = {"node_latency_s",
                                                      "node_message_s",
                                                      "node_byte_s",
                                                      "network_latency_s",
                                                      "network_message_s",
                                                      "network_byte_s",
                                                      "scan_s",
                                                      "commit_s",
                                                      "encode_s",
                                                      "add_s",
                                                      "merge_s",
                                                      "reduce_s",
                                                      "factor_mpi",
                                                      "factor_ring",
                                                      "factor_allgather",
                                                      "factor_doubling",
                                                      "factor_split",
                                                      "factor_node",
                                                      "factor_quantised"};

const char *spar_model_number_name(unsigned number)
{
    return number < SPAR_MODEL_NUMBERS ? names[number] : NULL;
}

double spar_model_number(const spar_model_t *model, unsigned number)
{
    return number < SPAR_MODEL_TERMS ? model->seconds[number]
                                     : model->factor[number - SPAR_MODEL_TERMS];
}

bool spar_model_set(spar_model_t *model, const char *name, double value)
{
    if (!isfinite(value) || value <= 0) {
        return false;
    }
    for (unsigned i = 0; i < SPAR_MODEL_NUMBERS; i++) {
        if (strcmp(name, names[i]) == 0) {
            if (i < SPAR_MODEL_TERMS) {
                model->seconds[i] = value;
            } else {
                model->factor[i - SPAR_MODEL_TERMS] = value;
            }
            return true;
        }
    }
    return false;
}
