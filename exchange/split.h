/*
 * Spar: sparse allreduce by regions (Li and Hoefler, Ok-Topk, PPoPP'22, section
 * 3.1). The layer is cut into P regions. Every rank sends each owner its
 * entries of that region; the owner adds them in rank order, keeps the
 * ceil(2k/P) largest sums, k being the entries of the reservation, and sends
 * these to all. Volume: at most 2k (P-1)/P words (index or value) to the owners
 * and 4k (P-1)/P from them, whatever P is.
 *
 * What an owner does not send on stays in the residual of every rank that had
 * sent it. Without a residual every sum that is not zero is sent.
 *
 * When the owners' loads are uneven, the regions are cut anew for the layer's
 * next call, from the loads and the result, which all ranks have; if the caller
 * keeps the layer's state (exchange/split_state.h).
 */
#ifndef SPAR_EXCHANGE_SPLIT_H
#define SPAR_EXCHANGE_SPLIT_H

#include "exchange/exchange.h"
#include "exchange/split_state.h"

/* `tag` and the one after it are the machine's; `transport` outlives it.
 * SPAR_ERR_INVALID: more than SPAR_SPLIT_MOST_RANKS ranks. */
spar_status_t spar_split_create(spar_transport_t *transport, int tag,
                                spar_exchange_t **exchange_p);

#endif
