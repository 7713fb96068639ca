/*
 * Spar: sparse allreduce by recursive doubling (Renggli et al., SparCML, SC'19,
 * section 5.1): in each of log2 P rounds two ranks exchange and add what they
 * have, so that every rank's whole selection is in the sum. Few messages; the
 * sums grow from round to round where the ranks select different entries, and
 * become dense once that is cheaper (exchange/partial.h). Best for many ranks
 * and few bytes.
 *
 * Ranks beyond a power of two give their entries to a neighbour first and get
 * the result at the end (Thakur, Rabenseifner and Gropp, IJHPCA 19, 2005,
 * section 4.1). Both partners compute fl(a + b), so that all ranks hold the
 * same bits. Blocks carry flags along; unless the call is eager, the ranks
 * agree on those first, in log2 P messages of one header.
 */
#ifndef SPAR_EXCHANGE_DOUBLING_H
#define SPAR_EXCHANGE_DOUBLING_H

#include "exchange/exchange.h"

/* `tag` and the one after it are the machine's; `transport` outlives it. */
spar_status_t spar_doubling_create(spar_transport_t *transport, int tag,
                                   spar_exchange_t **exchange_p);

#endif
