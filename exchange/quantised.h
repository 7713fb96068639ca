/*
 * Spar: dense allreduce of float32 elements that travel with fewer bits
 * (sparsify/quantise.h): reduce-scatter by direct exchange, then allgather.
 * Rank r owns slice r of the layer. Every rank rounds its part of each slice
 * and sends it to the owner, who adds all ranks' parts (the own one is rounded,
 * too) in rank order in float32, rounds the sum and sends it to all. All, the
 * owner too, deliver what the rounded sum says: the same bits on every rank.
 *
 * With a seed, both roundings have no bias: the mean of the result over seeds
 * is the sum itself. With INT8 this is QSGD with 8 bits. No error is fed back:
 * a residual is not touched, and targets are not taken.
 *
 * A rank sends 2 n (P-1)/P values, as in a ring, but in two rounds. Slices
 * travel in chunks, several of them under way between two ranks, so that
 * processor and network work at the same time.
 */
#ifndef SPAR_EXCHANGE_QUANTISED_H
#define SPAR_EXCHANGE_QUANTISED_H

#include "exchange/exchange.h"

/* For values other than F64. `tag` and the one after it are the machine's;
 * `transport` outlives it. Reservations: `entries` is not looked at. */
spar_status_t spar_quantised_create(spar_transport_t *transport, int tag,
                                    spar_exchange_t **exchange_p);

#endif
