/* Spar: on which node each rank lives. */
#ifndef SPAR_PMPI_NODES_H
#define SPAR_PMPI_NODES_H

#include "pmpi/real.h"

#include <stdbool.h>

/* Collective over MPI_COMM_WORLD: `node` holds the ranks of this node. Returns
 * the number of nodes. Ends the job when there is no memory. */
int spar_nodes_learn(MPI_Comm node);

/*
 * The node of each rank of `comm`, numbered from 0 in the order of their first
 * ranks, into `nodes` (size ints), and how many there are. Local; the same on
 * every rank. false: some rank does not belong to this process'
 * MPI_COMM_WORLD.
 */
bool spar_nodes_find(MPI_Comm comm, int size, int *nodes, int *count_p);

/* After the last call of the above. */
void spar_nodes_forget(void);

#endif
