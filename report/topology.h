/* Spar: what the report tells of the job's nodes and links. */
#ifndef SPAR_REPORT_TOPOLOGY_H
#define SPAR_REPORT_TOPOLOGY_H

#include "policy/prior.h"

#include <stddef.h>

typedef struct spar_report_node {
    int first_rank; /* the lowest of its ranks in MPI_COMM_WORLD */
    int ranks;
    spar_nic_t nic; /* its likely interface; an empty name: none is known */
    int reason;     /* spar_nic_reason_t */
} spar_report_node_t;

typedef struct spar_report_topology {
    spar_prior_t levels[SPAR_LEVELS];
    const spar_report_node_t *nodes;
    size_t node_count;
} spar_report_topology_t;

#endif
