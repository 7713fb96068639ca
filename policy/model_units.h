/*
 * Spar: the arithmetic that the model's formulas are written in: units of each
 * term, one after the other or at the same time. For policy/model_*.c only.
 */
#ifndef SPAR_POLICY_MODEL_UNITS_H
#define SPAR_POLICY_MODEL_UNITS_H

#include "policy/model_features.h"

/* The call and how its ranks lie. */
typedef struct call {
    const spar_model_t *model;
    const spar_model_shape_t *shape;
    double ranks;
    double per_node; /* ranks of the fullest node */
    double count, entries;
} spar_call_t;

void spar_units_add(spar_model_units_t *sum, const spar_model_units_t *more);

/* Two things at the same time: the longer one counts. */
spar_model_units_t spar_units_longer(const spar_call_t *call,
                                     spar_model_units_t one,
                                     spar_model_units_t other);

/* Whoever chooses takes the shorter one. */
spar_model_units_t spar_units_shorter(const spar_call_t *call,
                                      spar_model_units_t one,
                                      spar_model_units_t other);

/* Messages of so many bytes that leave one interface between ranks of a node,
 * or of a node, with `rounds` of them in a chain. */
spar_model_units_t spar_units_local(double rounds, double messages,
                                    double bytes);
spar_model_units_t spar_units_network(double rounds, double messages,
                                      double bytes);

/* Every rank sends to every other rank, all at once. */
spar_model_units_t spar_units_everyone(const spar_call_t *call, double bytes);

/* Rounds in pairs, one after the other. */
typedef struct rounds {
    spar_model_units_t within; /* between ranks of one node */
    spar_model_units_t chain;  /* one rank's, between nodes */
    spar_model_units_t busy;   /* what a node's interface sends in all */
    double last_senders;
    double last_bytes;
} spar_rounds_t;

/* One more round; `senders`: ranks of a node whose partner is on another. */
void spar_rounds_add(spar_rounds_t *rounds, double senders, double bytes);

/* The last round's message was in flight before it was waited for, but one of
 * so many bytes was in front of it. */
void spar_rounds_hide(spar_rounds_t *rounds, double bytes);

/* The last round's last message waits for the others of its node. */
void spar_rounds_wait(spar_rounds_t *rounds);

/* All rounds: a rank's own messages, the last of which waits; or the interface
 * never pauses, but for the last message's flight. */
spar_model_units_t spar_rounds_finish(const spar_call_t *call,
                                      spar_rounds_t *rounds);

/* Ranks of the first node whose partner in a round of recursive doubling, at
 * the distance of a power of two, is on another one. */
double spar_call_crossing(const spar_call_t *call, uint64_t distance);

/* Ranks beyond the largest power of two: as many of the first ranks each give
 * their neighbour their part first and get the result last. */
double spar_call_surplus(const spar_call_t *call);
void spar_rounds_add_surplus(const spar_call_t *call, double bytes,
                             spar_rounds_t *rounds);

/* The methods' formulas (policy/model_features.h). */
spar_model_units_t spar_model_ring(const spar_call_t *call);
spar_model_units_t spar_model_mpi(const spar_call_t *call);
spar_model_units_t spar_model_allgather(const spar_call_t *call);
spar_model_units_t spar_model_doubling(const spar_call_t *call);
spar_model_units_t spar_model_split(const spar_call_t *call);
spar_model_units_t spar_model_node(const spar_call_t *call);
spar_model_units_t spar_model_quantised(const spar_call_t *call);

#endif
