#include "pmpi/links.h"

#include "base/log.h"
#include "pmpi/nodes.h"

#include <stdlib.h>
#include <string.h>

static spar_report_topology_t topology;
static spar_report_node_t *nodes;

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        spar_error("out of memory for a table of ranks");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return memory;
}

/* The slowest of the nodes' interfaces; NULL: one is not known. */
static const spar_nic_t *slowest_nic(const spar_nodes_card_t *cards, int size)
{
    const spar_nic_t *slowest = &cards[0].nic;

    for (int rank = 0; rank < size; rank++) {
        if (cards[rank].leader == rank) {
            if (cards[rank].nic.name[0] == '\0') {
                return NULL;
            }
            slowest = spar_prior_slower(slowest, &cards[rank].nic);
        }
    }
    return slowest;
}

/* Leaders come before the other ranks of their node. */
static void list_nodes(const spar_nodes_card_t *cards, int size)
{
    int *number = allocate((size_t)size, sizeof(*number));
    size_t count = 0;

    for (int rank = 0; rank < size; rank++) {
        int leader = cards[rank].leader;

        if (leader == rank) {
            number[rank] = (int)count;
            nodes[count++] = (spar_report_node_t){rank, 0, cards[rank].nic,
                                                  cards[rank].reason};
        }
        nodes[number[leader]].ranks++;
    }
    topology.nodes = nodes;
    topology.node_count = count;
    free(number);
}

int spar_links_learn(MPI_Comm node)
{
    int rank = 0, size = 1, count;
    spar_nodes_card_t *cards;
    spar_nic_reason_t reason;

    spar_real.Comm_rank(MPI_COMM_WORLD, &rank);
    spar_real.Comm_size(MPI_COMM_WORLD, &size);
    cards = allocate((size_t)size, sizeof(*cards));
    (void)spar_nic_likely(&cards[rank].nic, &reason);
    cards[rank].reason = (int)reason;
    count = spar_nodes_learn(node, cards);
    spar_prior_node(&topology.levels[SPAR_LEVEL_NODE]);
    spar_prior_network(slowest_nic(cards, size),
                       &topology.levels[SPAR_LEVEL_NETWORK]);
    nodes = allocate((size_t)count, sizeof(*nodes));
    list_nodes(cards, size);
    free(cards);
    return count;
}

const spar_prior_t *spar_links_prior(spar_level_t level)
{
    return &topology.levels[level];
}

const spar_report_topology_t *spar_links_report(void)
{
    return &topology;
}

void spar_links_forget(void)
{
    free(nodes);
    nodes = NULL;
    memset(&topology, 0, sizeof(topology));
}
