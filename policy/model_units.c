#include "policy/model_units.h"

#include <math.h>

void spar_units_add(spar_model_units_t *sum, const spar_model_units_t *more)
{
    for (unsigned i = 0; i < SPAR_MODEL_TERMS; i++) {
        sum->of[i] += more->of[i];
    }
}

spar_model_units_t spar_units_longer(const spar_call_t *call,
                                     spar_model_units_t one,
                                     spar_model_units_t other)
{
    return spar_model_price(call->model, &one) >=
                   spar_model_price(call->model, &other)
               ? one
               : other;
}

spar_model_units_t spar_units_local(double rounds, double messages,
                                    double bytes)
{
    return (spar_model_units_t){{[SPAR_MODEL_NODE_LATENCY] = rounds,
                                 [SPAR_MODEL_NODE_MESSAGE] = messages,
                                 [SPAR_MODEL_NODE_BYTE] = messages * bytes}};
}

spar_model_units_t spar_units_network(double rounds, double messages,
                                      double bytes)
{
    return (spar_model_units_t){{[SPAR_MODEL_NETWORK_LATENCY] = rounds,
                                 [SPAR_MODEL_NETWORK_MESSAGE] = messages,
                                 [SPAR_MODEL_NETWORK_BYTE] = messages * bytes}};
}

spar_model_units_t spar_units_everyone(const spar_call_t *call, double bytes)
{
    double beside = call->per_node - 1;
    double beyond = call->ranks - call->per_node;
    spar_model_units_t near = spar_units_local(beside > 0, beside, bytes);

    if (beyond <= 0) {
        return near;
    }
    return spar_units_longer(
        call, spar_units_network(1, call->per_node * beyond, bytes), near);
}

spar_model_units_t spar_units_shorter(const spar_call_t *call,
                                      spar_model_units_t one,
                                      spar_model_units_t other)
{
    return spar_model_price(call->model, &one) <=
                   spar_model_price(call->model, &other)
               ? one
               : other;
}

void spar_rounds_add(spar_rounds_t *rounds, double senders, double bytes)
{
    spar_model_units_t units = spar_units_local(1, 1, bytes);

    if (senders <= 0) {
        spar_units_add(&rounds->within, &units);
        return;
    }
    units = spar_units_network(1, 1, bytes);
    spar_units_add(&rounds->chain, &units);
    units = spar_units_network(0, senders, bytes);
    spar_units_add(&rounds->busy, &units);
    rounds->last_senders = senders;
    rounds->last_bytes = bytes;
}

void spar_rounds_hide(spar_rounds_t *rounds, double bytes)
{
    bool leaves = rounds->last_senders > 0;
    spar_model_units_t units = leaves ? spar_units_network(-1, 1, bytes)
                                      : spar_units_local(-1, 1, bytes);

    spar_units_add(leaves ? &rounds->chain : &rounds->within, &units);
}

double spar_call_crossing(const spar_call_t *call, uint64_t power)
{
    double distance = (double)power;
    double rest = fmod(call->per_node, 2 * distance);

    if (call->per_node >= call->ranks) {
        return 0;
    }
    if (call->per_node <= distance) {
        return call->per_node;
    }
    return rest <= distance ? rest : 2 * distance - rest;
}

void spar_rounds_wait(spar_rounds_t *rounds)
{
    spar_model_units_t units;

    if (rounds->last_senders > 1) {
        units =
            spar_units_network(0, rounds->last_senders - 1, rounds->last_bytes);
        spar_units_add(&rounds->chain, &units);
        rounds->last_senders = 1;
    }
}

spar_model_units_t spar_rounds_finish(const spar_call_t *call,
                                      spar_rounds_t *rounds)
{
    spar_model_units_t units =
        spar_units_network(rounds->last_senders > 0, 0, 0);

    spar_rounds_wait(rounds);
    spar_units_add(&rounds->busy, &units);
    units = spar_units_longer(call, rounds->chain, rounds->busy);
    spar_units_add(&units, &rounds->within);
    return units;
}

double spar_call_surplus(const spar_call_t *call)
{
    return call->ranks - exp2(floor(log2(call->ranks)));
}

void spar_rounds_add_surplus(const spar_call_t *call, double bytes,
                             spar_rounds_t *rounds)
{
    if (spar_call_surplus(call) > 0) {
        spar_rounds_add(rounds, fmod(call->per_node, 2), bytes);
    }
}
