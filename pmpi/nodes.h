/* Spar: on which node each rank lives. */
#ifndef SPAR_PMPI_NODES_H
#define SPAR_PMPI_NODES_H

#include "pmpi/real.h"
#include "policy/nic.h"

#include <stdbool.h>

/* What each rank tells of its node. */
typedef struct spar_nodes_card {
    int leader;     /* lowest rank of MPI_COMM_WORLD on the node */
    int reason;     /* spar_nic_reason_t, of: */
    spar_nic_t nic; /* the likely interface; an empty name: none is known */
} spar_nodes_card_t;

/*
 * Collective over MPI_COMM_WORLD: `node` holds the ranks of this node. cards:
 * one per rank of MPI_COMM_WORLD; this rank's own, but for the leader, is
 * filled in by the caller, all else here. Returns the number of nodes. Ends
 * the job when there is no memory.
 */
int spar_nodes_learn(MPI_Comm node, spar_nodes_card_t *cards);

/*
 * The node of each rank of `comm`, numbered from 0 in the order of their first
 * ranks, into `nodes` (size ints), and how many there are. Local; the same on
 * every rank. false: some rank does not belong to this process'
 * MPI_COMM_WORLD.
 */
bool spar_nodes_find(MPI_Comm comm, int size, int *nodes, int *count_p);

/* The same with the ranks of MPI_COMM_WORLD. */
bool spar_nodes_translate(MPI_Comm comm, int size, int *world_ranks);

/* After the last call of the above. */
void spar_nodes_forget(void);

#endif
