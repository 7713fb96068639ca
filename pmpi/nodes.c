#include "pmpi/nodes.h"

#include "base/log.h"

#include <stdlib.h>

/* Of each rank of MPI_COMM_WORLD: the lowest rank on its node. */
static int *leaders;

static void *allocate(size_t count)
{
    int *ints = malloc(count * sizeof(*ints));

    if (ints == NULL) {
        spar_error("out of memory for a table of ranks");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    return ints;
}

int spar_nodes_learn(MPI_Comm node, spar_nodes_card_t *cards)
{
    int rank = 0, size = 1, leader, nodes = 0;

    spar_real.Comm_rank(MPI_COMM_WORLD, &rank);
    spar_real.Comm_size(MPI_COMM_WORLD, &size);
    leaders = allocate((size_t)size);
    leader = rank;
    spar_real.Bcast(&leader, 1, MPI_INT, 0, node);
    cards[rank].leader = leader;
    spar_real.Allgather(MPI_IN_PLACE, 0, MPI_BYTE, cards, sizeof(*cards),
                        MPI_BYTE, MPI_COMM_WORLD);
    for (int i = 0; i < size; i++) {
        leaders[i] = cards[i].leader;
        nodes += leaders[i] == i;
    }
    return nodes;
}

bool spar_nodes_translate(MPI_Comm comm, int size, int *world_ranks)
{
    MPI_Group group, world;
    int *ranks = allocate((size_t)size);
    bool ours = true;

    for (int rank = 0; rank < size; rank++) {
        ranks[rank] = rank;
    }
    spar_real.Comm_group(comm, &group);
    spar_real.Comm_group(MPI_COMM_WORLD, &world);
    spar_real.Group_translate_ranks(group, size, ranks, world, world_ranks);
    for (int rank = 0; rank < size; rank++) {
        ours = ours && world_ranks[rank] != MPI_UNDEFINED;
    }
    spar_real.Group_free(&group);
    spar_real.Group_free(&world);
    free(ranks);
    return ours;
}

/* Replaces world ranks by numbers of nodes; `numbers` has a place for each rank
 * of the world. */
static int number_nodes(int size, int *nodes, int *numbers)
{
    int count = 0;

    for (int rank = 0; rank < size; rank++) {
        numbers[leaders[nodes[rank]]] = -1;
    }
    for (int rank = 0; rank < size; rank++) {
        int leader = leaders[nodes[rank]];

        if (numbers[leader] < 0) {
            numbers[leader] = count++;
        }
        nodes[rank] = numbers[leader];
    }
    return count;
}

bool spar_nodes_find(MPI_Comm comm, int size, int *nodes, int *count_p)
{
    int world_size = 1;
    int *numbers;

    if (!spar_nodes_translate(comm, size, nodes)) {
        return false;
    }
    spar_real.Comm_size(MPI_COMM_WORLD, &world_size);
    numbers = allocate((size_t)world_size);
    *count_p = number_nodes(size, nodes, numbers);
    free(numbers);
    return true;
}

void spar_nodes_forget(void)
{
    free(leaders);
    leaders = NULL;
}
