#include "policy/model_units.h"

#include <math.h>

/* Selection, residual and the own block. */
static spar_model_units_t own_work(const spar_call_t *call)
{
    return (spar_model_units_t){{[SPAR_MODEL_SCAN] = call->count,
                                 [SPAR_MODEL_COMMIT] = call->count,
                                 [SPAR_MODEL_ENCODE] = call->entries}};
}

/* Bytes of the block that a rank makes of its own entries. */
static double own_bytes(const spar_call_t *call)
{
    return spar_model_block_bytes(call->count, call->entries,
                                  call->shape->value_bytes);
}

/* Headers to everyone, then blocks, which follow at once where they may. */
static spar_model_units_t announced(const spar_call_t *call, double bytes)
{
    spar_model_units_t units;
    spar_model_units_t blocks;

    if (call->shape->eager) {
        return spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES + bytes);
    }
    units = spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES);
    blocks = spar_units_everyone(call, bytes);
    spar_units_add(&units, &blocks);
    return units;
}

spar_model_units_t spar_model_allgather(const spar_call_t *call)
{
    spar_model_units_t units = announced(call, own_bytes(call));
    spar_model_units_t work = own_work(call);

    spar_units_add(&units, &work);
    units.of[SPAR_MODEL_ADD] += call->ranks * call->entries;
    return units;
}

/* Bytes of a block of sums, which travel in the layer's own type; a whole layer
 * where that is smaller. */
static double sum_bytes(const spar_call_t *call, double entries)
{
    double value = call->shape->element_bytes;

    return fmin(spar_model_block_bytes(call->count, entries, value),
                call->count * value);
}

/* Merging two blocks of sums, or adding two whole layers. */
static spar_model_units_t merge_work(const spar_call_t *call, double entries)
{
    double value = call->shape->element_bytes;

    if (spar_model_block_bytes(call->count, entries, value) >=
        call->count * value) {
        return (spar_model_units_t){{[SPAR_MODEL_REDUCE] = call->count}};
    }
    return (spar_model_units_t){
        {[SPAR_MODEL_MERGE] = 2 * entries, [SPAR_MODEL_ENCODE] = 2 * entries}};
}

/* Of the first rank, whose blocks are the fullest: those of the surplus ranks
 * are merged with the first ones. */
spar_model_units_t spar_model_doubling(const spar_call_t *call)
{
    double rest = spar_call_surplus(call);
    double bytes = SPAR_MODEL_HEADER_BYTES + own_bytes(call);
    double entries = call->entries;
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;

    spar_rounds_add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < call->ranks - rest; distance *= 2) {
        double ranks = distance + fmin(distance, rest);

        entries = spar_model_union(call->count, call->entries, ranks);
        if (ranks > 1) {
            bytes = SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries);
        }
        spar_rounds_add(&rounds, spar_call_crossing(call, distance), bytes);
        more = merge_work(call, entries);
        spar_units_add(&units, &more);
    }
    entries = spar_model_union(call->count, call->entries, call->ranks);
    spar_rounds_add_surplus(
        call, SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries), &rounds);
    if (rest > 0) {
        more = merge_work(call, call->entries);
        spar_units_add(&units, &more);
    }
    more = spar_rounds_finish(call, &rounds);
    spar_units_add(&units, &more);
    units.of[SPAR_MODEL_ADD] += entries;
    return units;
}

spar_model_units_t spar_model_split(const spar_call_t *call)
{
    double found = spar_model_union(call->count, call->entries, call->ranks);
    double kept = fmin(2 * call->entries, found);
    double bytes =
        SPAR_MODEL_HEADER_BYTES + sum_bytes(call, kept) / call->ranks;
    spar_model_units_t units = announced(call, own_bytes(call) / call->ranks);
    spar_model_units_t results = spar_units_everyone(call, bytes);
    spar_model_units_t work = own_work(call);

    spar_units_add(&units, &results);
    spar_units_add(&units, &work);
    units.of[SPAR_MODEL_ADD] += call->entries + kept;
    units.of[SPAR_MODEL_SCAN] += call->count / call->ranks;
    units.of[SPAR_MODEL_ENCODE] += kept / call->ranks;
    return units;
}

spar_model_units_t spar_model_node(const spar_call_t *call)
{
    double others = call->per_node - 1;
    double nodes = ceil(call->ranks / call->per_node);
    double entries =
        spar_model_union(call->count, call->entries, call->per_node);
    double bytes = SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries);
    spar_model_units_t units =
        spar_units_local(1, others, SPAR_MODEL_HEADER_BYTES + own_bytes(call));
    spar_model_units_t between = spar_units_network(1, nodes - 1, bytes);
    spar_model_units_t forward = spar_units_local(1, others, bytes);
    spar_model_units_t work = own_work(call);

    /* Blocks are forwarded as they come, the last one at the end. */
    spar_units_add(&between, &forward);
    between = spar_units_longer(call, between,
                                spar_units_local(1, others * nodes, bytes));
    spar_units_add(&units, &between);
    spar_units_add(&units, &work);
    for (double merged = 1; merged < call->per_node; merged++) {
        units.of[SPAR_MODEL_MERGE] +=
            call->entries +
            spar_model_union(call->count, call->entries, merged);
    }
    units.of[SPAR_MODEL_ENCODE] += entries;
    units.of[SPAR_MODEL_ADD] += nodes * entries;
    return units;
}
