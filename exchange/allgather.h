/*
 * Spar: sparse allreduce by allgather. Every rank sends its block to every
 * rank, and all ranks add all blocks in rank order, which makes the results
 * bitwise identical. Volume: (P-1) payloads sent and received per rank; best
 * for few ranks and low density (Renggli et al., SparCML, SC'19, section 5).
 *
 * Headers travel first, unless the call is eager: then each is the front of its
 * block. The local part of error feedback (residual += gradient) runs piece by
 * piece while entries travel.
 */
#ifndef SPAR_EXCHANGE_ALLGATHER_H
#define SPAR_EXCHANGE_ALLGATHER_H

#include "exchange/exchange.h"

/* `tag` and the one after it are the machine's; `transport` outlives it. */
spar_status_t spar_allgather_create(spar_transport_t *transport, int tag,
                                    spar_exchange_t **exchange_p);

#endif
