#include "policy/model_units.h"

#include <math.h>

spar_model_units_t spar_model_ring(const spar_call_t *call)
{
    double steps = 2 * (call->ranks - 1);
    double nodes = ceil(call->ranks / call->per_node);
    double bytes = call->count / call->ranks * call->shape->element_bytes;
    spar_model_units_t units;

    if (nodes <= 1) {
        units = spar_units_local(steps, steps, bytes);
    } else {
        /* Either the interface never pauses, or what a segment passes on its
         * way round counts. */
        double share = steps / call->ranks;
        spar_model_units_t way =
            spar_units_network(share * nodes, share * nodes, bytes);
        spar_model_units_t within =
            spar_units_local(share * (call->ranks - nodes),
                             share * (call->ranks - nodes), bytes);

        spar_units_add(&way, &within);
        units =
            spar_units_longer(call, spar_units_network(1, steps, bytes), way);
    }
    units.of[SPAR_MODEL_REDUCE] = call->count * (call->ranks - 1) / call->ranks;
    return units;
}

static spar_model_units_t dense_doubling(const spar_call_t *call)
{
    double bytes = call->count * call->shape->element_bytes;
    double partners = call->ranks - spar_call_surplus(call);
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units;

    spar_rounds_add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < partners; distance *= 2) {
        spar_rounds_add(&rounds, spar_call_crossing(call, distance), bytes);
    }
    spar_rounds_add_surplus(call, bytes, &rounds);
    units = spar_rounds_finish(call, &rounds);
    units.of[SPAR_MODEL_REDUCE] =
        call->count * (log2(partners) + (spar_call_surplus(call) > 0));
    return units;
}

/* Reduce-scatter by recursive halving, nearest partners first, then allgather
 * by recursive doubling, the same way back. */
static spar_model_units_t halving(const spar_call_t *call)
{
    double bytes = call->count * call->shape->element_bytes;
    double partners = call->ranks - spar_call_surplus(call);
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units;

    spar_rounds_add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < partners; distance *= 2) {
        double senders = spar_call_crossing(call, distance);

        spar_rounds_add(&rounds, senders, bytes / (2 * distance));
        spar_rounds_add(&rounds, senders, bytes / (2 * distance));
    }
    spar_rounds_add_surplus(call, bytes, &rounds);
    units = spar_rounds_finish(call, &rounds);
    units.of[SPAR_MODEL_REDUCE] = call->count * ((partners - 1) / partners +
                                                 (spar_call_surplus(call) > 0));
    return units;
}

spar_model_units_t spar_model_mpi(const spar_call_t *call)
{
    spar_model_units_t rounds =
        spar_units_shorter(call, dense_doubling(call), halving(call));

    return spar_units_shorter(call, spar_model_ring(call), rounds);
}
