#include "policy/model_units.h"

#include <math.h>

/* Segments travel in messages of at most `most` bytes. */
static spar_model_units_t ring(const spar_call_t *call, double most)
{
    double steps = 2 * (call->ranks - 1);
    double nodes = ceil(call->ranks / call->per_node);
    double segment = call->count / call->ranks * call->shape->element_bytes;
    double chunks = fmax(1, ceil(segment / most));
    double bytes = segment / chunks;
    /* The first chunk goes its way round, from step to step; the last one is
     * so many behind it. */
    double apart = chunks - 1;
    /* Of its way, what lies between nodes. */
    double between = nodes > 1 ? steps * nodes / call->ranks : 0;
    double within = steps - between;
    spar_model_units_t units =
        spar_units_local(within, within + (nodes > 1 ? 0 : apart), bytes);
    spar_model_units_t more;

    if (nodes > 1) {
        more = spar_units_network(between, between + apart, bytes);
        spar_units_add(&units, &more);
        more = spar_units_network(1, steps * chunks, bytes);
    } else {
        more = spar_units_local(1, steps * chunks, bytes);
    }
    /* Or the interface never pauses. */
    units = spar_units_longer(call, units, more);
    units.of[SPAR_MODEL_REDUCE] = call->count * (call->ranks - 1) / call->ranks;
    return units;
}

spar_model_units_t spar_model_ring(const spar_call_t *call)
{
    return ring(call, SPAR_MODEL_CHUNK_BYTES);
}

static spar_model_units_t dense_doubling(const spar_call_t *call)
{
    double bytes = call->count * call->shape->element_bytes;
    double partners = call->ranks - spar_call_surplus(call);
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units;

    spar_rounds_add_surplus(call, bytes, &rounds);
    for (uint64_t distance = 1; (double)distance < partners; distance *= 2) {
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
    for (uint64_t distance = 1; (double)distance < partners; distance *= 2) {
        double senders = spar_call_crossing(call, distance);
        double part = bytes / (2 * (double)distance);

        spar_rounds_add(&rounds, senders, part);
        spar_rounds_add(&rounds, senders, part);
    }
    spar_rounds_add_surplus(call, bytes, &rounds);
    units = spar_rounds_finish(call, &rounds);
    units.of[SPAR_MODEL_REDUCE] = call->count * ((partners - 1) / partners +
                                                 (spar_call_surplus(call) > 0));
    return units;
}

spar_model_units_t spar_model_quantised(const spar_call_t *call)
{
    double bytes = SPAR_MODEL_HEADER_BYTES +
                   call->count / call->ranks * call->shape->value_bytes;
    spar_model_units_t units = spar_units_everyone(call, bytes);
    spar_model_units_t more = units;

    spar_units_add(&units, &more);
    if (!call->shape->eager) {
        more = spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES);
        spar_units_add(&units, &more);
    }
    units.of[SPAR_MODEL_SCAN] = call->count;
    units.of[SPAR_MODEL_REDUCE] = 3 * call->count;
    return units;
}

spar_model_units_t spar_model_mpi(const spar_call_t *call)
{
    spar_model_units_t rounds =
        spar_units_shorter(call, dense_doubling(call), halving(call));

    return spar_units_shorter(call, ring(call, INFINITY), rounds);
}
