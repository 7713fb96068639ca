#include "policy/model_features.h"

#include <math.h>

/* What the coding of indices costs above their entropy. */
#define CODING 1.03

/* The call and how its ranks lie. */
typedef struct call {
    const spar_model_t *model;
    const spar_model_shape_t *shape;
    double ranks;
    double per_node; /* ranks of the fullest node */
    double count, entries;
} call_t;

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

static void add(spar_model_units_t *sum, const spar_model_units_t *more)
{
    for (unsigned i = 0; i < SPAR_MODEL_TERMS; i++) {
        sum->of[i] += more->of[i];
    }
}

/* Two things at the same time: the longer one counts. */
static spar_model_units_t longer(const call_t *call, spar_model_units_t one,
                                 spar_model_units_t other)
{
    return spar_model_price(call->model, &one) >=
                   spar_model_price(call->model, &other)
               ? one
               : other;
}

/* Messages that leave one interface between ranks of a node, or of a node,
 * with `rounds` of them in a chain. */
static spar_model_units_t local(double rounds, double messages, double bytes)
{
    return (spar_model_units_t){{[SPAR_MODEL_NODE_LATENCY] = rounds,
                                 [SPAR_MODEL_NODE_MESSAGE] = messages,
                                 [SPAR_MODEL_NODE_BYTE] = messages * bytes}};
}

static spar_model_units_t network(double rounds, double messages, double bytes)
{
    return (spar_model_units_t){{[SPAR_MODEL_NETWORK_LATENCY] = rounds,
                                 [SPAR_MODEL_NETWORK_MESSAGE] = messages,
                                 [SPAR_MODEL_NETWORK_BYTE] = messages * bytes}};
}

/* Every rank sends to every other rank. */
static spar_model_units_t everyone(const call_t *call, double bytes)
{
    double beside = call->per_node - 1;
    double beyond = call->ranks - call->per_node;
    spar_model_units_t near = local(beside > 0, beside, bytes);

    if (beyond <= 0) {
        return near;
    }
    return longer(call, network(1, call->per_node * beyond, bytes), near);
}

static spar_model_units_t ring(const call_t *call)
{
    double steps = 2 * (call->ranks - 1);
    double nodes = ceil(call->ranks / call->per_node);
    double bytes = call->count / call->ranks * call->shape->element_bytes;
    spar_model_units_t units;

    if (nodes <= 1) {
        units = local(steps, steps, bytes);
    } else {
        /* Either the interface never pauses, or what a segment passes on its
         * way round counts. */
        double share = steps / call->ranks;
        spar_model_units_t way = network(share * nodes, share * nodes, bytes);
        spar_model_units_t within = local(share * (call->ranks - nodes),
                                          share * (call->ranks - nodes), bytes);

        add(&way, &within);
        units = longer(call, network(1, steps, bytes), way);
    }
    units.of[SPAR_MODEL_REDUCE] = call->count * (call->ranks - 1) / call->ranks;
    return units;
}

/* Rounds in pairs, one after the other. */
typedef struct rounds {
    spar_model_units_t within; /* between ranks of one node */
    spar_model_units_t chain;  /* one rank's, between nodes */
    spar_model_units_t busy;   /* what a node's interface sends in all */
    double last_senders;
    double last_bytes;
} rounds_t;

/* `senders`: ranks of a node whose partner is on another one. */
static void add_round(rounds_t *rounds, double senders, double bytes)
{
    spar_model_units_t units = local(1, 1, bytes);

    if (senders <= 0) {
        add(&rounds->within, &units);
        return;
    }
    units = network(1, 1, bytes);
    add(&rounds->chain, &units);
    units = network(0, senders, bytes);
    add(&rounds->busy, &units);
    rounds->last_senders = senders;
    rounds->last_bytes = bytes;
}

/* Ranks of the first node whose partner in a round of recursive doubling, at
 * the distance of a power of two, is on another one. */
static double crossing(const call_t *call, double distance)
{
    double rest = fmod(call->per_node, 2 * distance);

    if (call->per_node >= call->ranks) {
        return 0;
    }
    if (call->per_node <= distance) {
        return call->per_node;
    }
    return rest <= distance ? rest : 2 * distance - rest;
}

/* The last rank's message waits for those of its node; or the interface never
 * pauses, but for the last message's flight. */
static spar_model_units_t finish_rounds(const call_t *call, rounds_t *rounds)
{
    spar_model_units_t units =
        network(0, fmax(rounds->last_senders - 1, 0), rounds->last_bytes);

    add(&rounds->chain, &units);
    units = network(rounds->last_senders > 0, 0, 0);
    add(&rounds->busy, &units);
    units = longer(call, rounds->chain, rounds->busy);
    add(&units, &rounds->within);
    return units;
}

/* Ranks beyond the largest power of two: each gives a partner its part first
 * and gets the result last. */
static double surplus(const call_t *call)
{
    return call->ranks - exp2(floor(log2(call->ranks)));
}

static void add_surplus(const call_t *call, double bytes, rounds_t *rounds)
{
    double senders = fmin(surplus(call), call->per_node);

    if (senders > 0) {
        add_round(rounds, call->per_node < call->ranks ? senders : 0, bytes);
    }
}

static spar_model_units_t dense_doubling(const call_t *call)
{
    double bytes = call->count * call->shape->element_bytes;
    double partners = call->ranks - surplus(call);
    rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units;

    add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < partners; distance *= 2) {
        add_round(&rounds, crossing(call, distance), bytes);
    }
    add_surplus(call, bytes, &rounds);
    units = finish_rounds(call, &rounds);
    units.of[SPAR_MODEL_REDUCE] =
        call->count * (log2(partners) + (surplus(call) > 0));
    return units;
}

/* Reduce-scatter by recursive halving, nearest partners first, then allgather
 * by recursive doubling, the same way back. */
static spar_model_units_t halving(const call_t *call)
{
    double bytes = call->count * call->shape->element_bytes;
    double partners = call->ranks - surplus(call);
    rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units;

    add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < partners; distance *= 2) {
        double senders = crossing(call, distance);

        add_round(&rounds, senders, bytes / (2 * distance));
        add_round(&rounds, senders, bytes / (2 * distance));
    }
    add_surplus(call, bytes, &rounds);
    units = finish_rounds(call, &rounds);
    units.of[SPAR_MODEL_REDUCE] =
        call->count * ((partners - 1) / partners + (surplus(call) > 0));
    return units;
}

static spar_model_units_t shorter(const call_t *call, spar_model_units_t one,
                                  spar_model_units_t other)
{
    return spar_model_price(call->model, &one) <=
                   spar_model_price(call->model, &other)
               ? one
               : other;
}

static spar_model_units_t mpi(const call_t *call)
{
    spar_model_units_t rounds =
        shorter(call, dense_doubling(call), halving(call));

    return shorter(call, ring(call), rounds);
}

/* Selection, residual and the own block. */
static spar_model_units_t own_work(const call_t *call)
{
    return (spar_model_units_t){{[SPAR_MODEL_SCAN] = call->count,
                                 [SPAR_MODEL_COMMIT] = call->count,
                                 [SPAR_MODEL_ENCODE] = call->entries}};
}

/* Bytes of the block that a rank makes of its own entries. */
static double own_bytes(const call_t *call)
{
    return spar_model_block_bytes(call->count, call->entries,
                                  call->shape->value_bytes);
}

/* Headers to everyone, then blocks, which follow at once where they may. */
static spar_model_units_t announced(const call_t *call, double bytes)
{
    spar_model_units_t units;
    spar_model_units_t blocks;

    if (call->shape->eager) {
        return everyone(call, SPAR_MODEL_HEADER_BYTES + bytes);
    }
    units = everyone(call, SPAR_MODEL_HEADER_BYTES);
    blocks = everyone(call, bytes);
    add(&units, &blocks);
    return units;
}

static spar_model_units_t allgather(const call_t *call)
{
    spar_model_units_t units = announced(call, own_bytes(call));
    spar_model_units_t work = own_work(call);

    add(&units, &work);
    units.of[SPAR_MODEL_ADD] += call->ranks * call->entries;
    return units;
}

/* Bytes of a block of sums, which travel in the layer's own type; a whole layer
 * where that is smaller. */
static double sum_bytes(const call_t *call, double entries)
{
    double value = call->shape->element_bytes;

    return fmin(spar_model_block_bytes(call->count, entries, value),
                call->count * value);
}

/* Merging two blocks of sums, or adding two whole layers. */
static spar_model_units_t merge_work(const call_t *call, double entries)
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
static spar_model_units_t doubling(const call_t *call)
{
    double rest = surplus(call);
    double bytes = SPAR_MODEL_HEADER_BYTES + own_bytes(call);
    double entries = call->entries;
    rounds_t rounds = {.last_senders = 0};
    spar_model_units_t units = own_work(call);
    spar_model_units_t more;

    add_surplus(call, bytes, &rounds);
    for (double distance = 1; distance < call->ranks - rest; distance *= 2) {
        double ranks = distance + fmin(distance, rest);

        entries = spar_model_union(call->count, call->entries, ranks);
        if (ranks > 1) {
            bytes = SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries);
        }
        add_round(&rounds, crossing(call, distance), bytes);
        more = merge_work(call, entries);
        add(&units, &more);
    }
    entries = spar_model_union(call->count, call->entries, call->ranks);
    add_surplus(call, SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries),
                &rounds);
    if (rest > 0) {
        more = merge_work(call, call->entries);
        add(&units, &more);
    }
    more = finish_rounds(call, &rounds);
    add(&units, &more);
    units.of[SPAR_MODEL_ADD] += entries;
    return units;
}

static spar_model_units_t split(const call_t *call)
{
    double found = spar_model_union(call->count, call->entries, call->ranks);
    double kept = fmin(2 * call->entries, found);
    double bytes =
        SPAR_MODEL_HEADER_BYTES + sum_bytes(call, kept) / call->ranks;
    spar_model_units_t units = announced(call, own_bytes(call) / call->ranks);
    spar_model_units_t results = everyone(call, bytes);
    spar_model_units_t work = own_work(call);

    add(&units, &results);
    add(&units, &work);
    units.of[SPAR_MODEL_ADD] += call->entries + kept;
    units.of[SPAR_MODEL_SCAN] += call->count / call->ranks;
    units.of[SPAR_MODEL_ENCODE] += kept / call->ranks;
    return units;
}

static spar_model_units_t node(const call_t *call)
{
    double others = call->per_node - 1;
    double nodes = ceil(call->ranks / call->per_node);
    double entries =
        spar_model_union(call->count, call->entries, call->per_node);
    double bytes = SPAR_MODEL_HEADER_BYTES + sum_bytes(call, entries);
    spar_model_units_t units =
        local(1, others, SPAR_MODEL_HEADER_BYTES + own_bytes(call));
    spar_model_units_t between = network(1, nodes - 1, bytes);
    spar_model_units_t forward = local(1, others, bytes);
    spar_model_units_t work = own_work(call);

    /* Blocks are forwarded as they come, the last one at the end. */
    add(&between, &forward);
    between = longer(call, between, local(1, others * nodes, bytes));
    add(&units, &between);
    add(&units, &work);
    for (double merged = 1; merged < call->per_node; merged++) {
        units.of[SPAR_MODEL_MERGE] +=
            call->entries +
            spar_model_union(call->count, call->entries, merged);
    }
    units.of[SPAR_MODEL_ENCODE] += entries;
    units.of[SPAR_MODEL_ADD] += nodes * entries;
    return units;
}

void spar_model_features(const spar_model_t *model, spar_method_t method,
                         const spar_model_shape_t *shape,
                         spar_model_units_t *units_p)
{
    static spar_model_units_t (*const formulas[SPAR_METHODS])(
        const call_t *) = {[SPAR_METHOD_MPI] = mpi,
                           [SPAR_METHOD_RING] = ring,
                           [SPAR_METHOD_ALLGATHER] = allgather,
                           [SPAR_METHOD_DOUBLING] = doubling,
                           [SPAR_METHOD_SPLIT] = split,
                           [SPAR_METHOD_NODE] = node};
    call_t call = {.model = model,
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
