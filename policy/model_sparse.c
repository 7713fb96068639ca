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

spar_model_units_t spar_model_allgather(const spar_call_t *call)
{
    double bytes = SPAR_MODEL_HEADER_BYTES + own_bytes(call);
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;

    if (!call->shape->eager) {
        more = spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES);
        spar_units_add(&units, &more);
    }
    more = spar_units_everyone(call, bytes);
    spar_units_add(&units, &more);
    units.of[SPAR_MODEL_ADD] += call->ranks * call->entries;
    return units;
}

/* Bytes of a sum: it has the layer's own type, or float32 in place of one of 16
 * bits. */
static double sum_size(const spar_call_t *call)
{
    return fmax(call->shape->element_bytes, 4);
}

/* Bytes of a block of so many sums. */
static double sum_bytes(const spar_call_t *call, double entries)
{
    double value = sum_size(call);

    return fmin(spar_model_block_bytes(call->count, entries, value),
                call->count * value);
}

static bool is_dense(const spar_call_t *call, double entries)
{
    return entries > SPAR_MODEL_DENSE_SHARE * call->count;
}

/* Bytes of such a message, with its header. */
static double partial_bytes(const spar_call_t *call, double entries)
{
    return SPAR_MODEL_HEADER_BYTES + (is_dense(call, entries)
                                          ? call->count * sum_size(call)
                                          : sum_bytes(call, entries));
}

/* Adding a received list of so many entries to one that is as long, and writing
 * the sum; or the same of whole layers. */
static spar_model_units_t merge_work(const spar_call_t *call, double entries)
{
    if (is_dense(call, entries)) {
        return (spar_model_units_t){{[SPAR_MODEL_REDUCE] = call->count}};
    }
    return (spar_model_units_t){
        {[SPAR_MODEL_MERGE] = 2 * entries, [SPAR_MODEL_ENCODE] = 2 * entries}};
}

/* Every rank hears of every other one, in rounds with growing distances. What
 * is passed on goes P-1 ranks far and so from node to node only now and then:
 * about as often as distances are longer than half a node. */
static void add_agreement(const spar_call_t *call, spar_rounds_t *rounds)
{
    for (uint64_t distance = 1; (double)distance < call->ranks; distance *= 2) {
        bool leaves = call->per_node < call->ranks &&
                      2 * (double)distance >= call->per_node;
        double senders = fmin((double)distance, call->per_node);

        spar_rounds_add(rounds, leaves ? senders : 0, SPAR_MODEL_HEADER_BYTES);
    }
    /* Only once: whoever had to wait is late, and finds the interface free. */
    spar_rounds_wait(rounds);
}

/* Ranks of the fullest node whose partner is on another one. Of nodes whose
 * ranks are in pairs for the surplus, half of the ranks take part. */
static double senders_of(const spar_call_t *call, uint64_t distance)
{
    spar_call_t paired = *call;
    double senders = spar_call_crossing(call, distance);

    if (2 * spar_call_surplus(call) < call->per_node) {
        return senders;
    }
    paired.per_node = ceil(call->per_node / 2);
    return fmax(senders, spar_call_crossing(&paired, distance));
}

/* Of the ranks whose lists are the fullest: those of the surplus ranks are in
 * them from the start. */
spar_model_units_t spar_model_doubling(const spar_call_t *call)
{
    double rest = spar_call_surplus(call);
    double own = SPAR_MODEL_HEADER_BYTES + own_bytes(call);
    double entries = spar_model_union(call->count, call->entries, call->ranks);
    double last = (call->ranks - rest) / 2;
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;

    units.of[SPAR_MODEL_ADD] = entries;
    if (!call->shape->eager) {
        add_agreement(call, &rounds);
    }
    spar_rounds_add_surplus(call, own, &rounds);
    if (rest > 0) {
        more = merge_work(call, call->entries);
        spar_units_add(&units, &more);
    }
    for (uint64_t distance = 1; (double)distance <= last; distance *= 2) {
        double ranks = (double)distance + fmin((double)distance, rest);
        double sums = spar_model_union(call->count, call->entries, ranks);

        spar_rounds_add(&rounds, senders_of(call, distance),
                        ranks > 1 ? partial_bytes(call, sums) : own);
        more = merge_work(call, sums);
        spar_units_add(&units, &more);
    }
    if (rest > 0 && rest <= last) {
        /* Partners that need not wait for a surplus rank are ahead: their last
         * block has flown before it is waited for, and is in the way of
         * others. */
        double sums = spar_model_union(call->count, call->entries, last);

        spar_rounds_hide(&rounds, last > 1 ? partial_bytes(call, sums) : 0);
    }
    spar_rounds_add_surplus(call, partial_bytes(call, entries), &rounds);
    more = spar_rounds_finish(call, &rounds);
    spar_units_add(&units, &more);
    return units;
}

spar_model_units_t spar_model_split(const spar_call_t *call)
{
    double found = spar_model_union(call->count, call->entries, call->ranks);
    double kept = fmin(2 * call->entries, found);
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;
    spar_rounds_t rounds = {.last_senders = 0};

    if (!call->shape->eager) {
        add_agreement(call, &rounds);
        more = spar_rounds_finish(call, &rounds);
        spar_units_add(&units, &more);
    }
    more = spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES +
                                         own_bytes(call) / call->ranks);
    spar_units_add(&units, &more);
    more = spar_units_everyone(call, SPAR_MODEL_HEADER_BYTES +
                                         sum_bytes(call, kept) / call->ranks);
    spar_units_add(&units, &more);
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
    double bytes = partial_bytes(call, entries);
    spar_rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;

    if (!call->shape->eager) {
        add_agreement(call, &rounds);
        more = spar_rounds_finish(call, &rounds);
        spar_units_add(&units, &more);
    }
    more =
        spar_units_local(1, others, SPAR_MODEL_HEADER_BYTES + own_bytes(call));
    spar_units_add(&units, &more);
    more = spar_units_network(nodes > 1, nodes - 1, bytes);
    spar_units_add(&units, &more);
    /* Blocks are forwarded in the order of the nodes, of which the first one
     * comes last to the last node. */
    more = spar_units_local(1, others * nodes, bytes);
    spar_units_add(&units, &more);
    for (int merged = 1; merged < (int)call->per_node; merged++) {
        units.of[SPAR_MODEL_MERGE] +=
            call->entries +
            spar_model_union(call->count, call->entries, merged);
    }
    units.of[SPAR_MODEL_ENCODE] += entries;
    units.of[SPAR_MODEL_ADD] += nodes * entries;
    return units;
}
