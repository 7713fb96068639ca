/*
 * Spar: what a message costs before one was sent: alpha + beta * bytes seconds
 * (the alpha-beta model), per level of the topology. Pure functions, any
 * thread. Whether two nodes share a switch cannot be seen from a host, so there
 * is one level for all pairs of nodes.
 */
#ifndef SPAR_POLICY_PRIOR_H
#define SPAR_POLICY_PRIOR_H

#include "policy/nic.h"

typedef enum spar_level {
    SPAR_LEVEL_NODE,    /* ranks of one node: shared memory */
    SPAR_LEVEL_NETWORK, /* ranks of different nodes */
    SPAR_LEVELS         /* how many there are */
} spar_level_t;

/* "same_node", "other_node" */
const char *spar_level_name(spar_level_t level);

typedef struct spar_prior {
    double alpha;     /* seconds, > 0 */
    double beta;      /* seconds per byte, > 0 */
    char source[128]; /* where the numbers come from, one line */
} spar_prior_t;

/* Ranks of one node. */
void spar_prior_node(spar_prior_t *prior_p);

/*
 * Ranks of different nodes whose slowest interface is `slowest`; NULL: not all
 * interfaces are known. An unknown rate is assumed, and `source` says so.
 */
void spar_prior_network(const spar_nic_t *slowest, spar_prior_t *prior_p);

/* The interface that limits an exchange between both: the one with the lower
 * rate; an unknown rate is lower than every other. */
const spar_nic_t *spar_prior_slower(const spar_nic_t *a, const spar_nic_t *b);

#endif
