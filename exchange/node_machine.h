/* Spar: the machine of exchange/node.h, which is in two files: its life
 * (node.c) and the ways of its blocks (node_travel.c). */
#ifndef SPAR_EXCHANGE_NODE_MACHINE_H
#define SPAR_EXCHANGE_NODE_MACHINE_H

#include "exchange/agreement.h"
#include "exchange/block.h"
#include "exchange/machine.h"
#include "exchange/partial.h"

/* Behind a node's block travels the number of the node: several come to a rank
 * one after the other, in the same call and from the same leader. */
#define SPAR_NODE_NUMBER_BYTES sizeof(uint32_t)

/* One node, and its block. */
typedef struct spar_node {
    int leader;                /* rank */
    int ranks;                 /* how many */
    spar_wire_header_t header; /* of its block, once that is known */
    bool known;
} spar_node_t;

typedef struct spar_node_exchange {
    spar_machine_t machine;
    spar_agreement_t agreement;
    bool travels; /* the ranks have agreed, or need not */
    int *node_of; /* of each rank */
    int *places;  /* of each rank among those of its node */
    spar_node_t *nodes;
    int node_count;
    int here;   /* this rank's node */
    int leader; /* of it */
    /* Of a leader. */
    spar_partial_t partial; /* sum of the ranks that are merged */
    int merged;             /* ranks of the communicator that were looked at */
    int *forwarded;         /* node blocks that each rank of the node has got */
    spar_blocks_t entries;  /* one per rank of the node; else this rank's own */
    /* Of all. */
    spar_blocks_t blocks; /* one per node */
    int known;            /* nodes in front of the first that is not known */
    int added;            /* nodes whose block is in `out` */
} spar_node_exchange_t;

/* Posts the first messages. */
spar_status_t spar_node_send_off(spar_node_exchange_t *node);

/* SPAR_OK: all node blocks are here, and all that this rank has to send is
 * gone. Errors have ended the call. */
spar_status_t spar_node_travel(spar_node_exchange_t *node);

static inline unsigned char *spar_node_block(const spar_node_exchange_t *node,
                                             int number)
{
    return spar_blocks_at(&node->blocks, (size_t)number);
}

#endif
