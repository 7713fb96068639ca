/*
 * Spar: the network interfaces of all nodes, and what messages are likely to
 * cost before any was timed. Everything here is the same on every rank.
 */
#ifndef SPAR_PMPI_LINKS_H
#define SPAR_PMPI_LINKS_H

#include "policy/prior.h"
#include "report/topology.h"

#include <mpi.h>

/*
 * Collective over MPI_COMM_WORLD: `node` holds the ranks of this node. Learns
 * which ranks share a node (pmpi/nodes.h), and in the same message the nodes'
 * interfaces. Returns the number of nodes. Ends the job when there is no
 * memory.
 */
int spar_links_learn(MPI_Comm node);

/* After spar_links_learn. */
const spar_prior_t *spar_links_prior(spar_level_t level);

/* For the report; borrowed until spar_links_forget. */
const spar_report_topology_t *spar_links_report(void);

void spar_links_forget(void);

#endif
