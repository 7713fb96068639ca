/*
 * Spar: sparse allreduce in two levels. The ranks of a node send their entries
 * to the node's first rank, its leader, which merges them in rank order; the
 * leaders exchange these node blocks, and each forwards all of them to the
 * ranks of its node. Everyone adds the node blocks in the order of the nodes,
 * so that all ranks hold the same bits. What leaves a host is one block to each
 * other host, whatever the number of its ranks.
 *
 * Every rank's whole selection is in the sum. Blocks carry flags along; unless
 * the call is eager, the ranks agree on those first.
 */
#ifndef SPAR_EXCHANGE_NODE_H
#define SPAR_EXCHANGE_NODE_H

#include "exchange/exchange.h"

/*
 * nodes: the node of each rank of the transport, the same on every rank; nodes
 * are numbered from 0 in the order of their first ranks. Copied. `tag` and the
 * one after it are the machine's; `transport` outlives it. SPAR_ERR_INVALID:
 * the numbers are in another order.
 */
spar_status_t spar_node_create(spar_transport_t *transport, int tag,
                               const int *nodes, spar_exchange_t **exchange_p);

#endif
