#include "policy/prior.h"

#include <stdio.h>

/* Open MPI's shared memory on usual hosts: copies at 4 GB/s. */
#define NODE_ALPHA 1e-6
#define NODE_BETA  2.5e-10

/* TCP through two kernels and a switch; verbs without a kernel. */
#define TCP_ALPHA   5e-5
#define VERBS_ALPHA 2e-6

/* Bytes per second, where the speed of the link cannot be read. */
#define LIKELY_RATE 1e9

/* Of the 1538 bytes that a full Ethernet frame takes on the wire, TCP delivers
 * 1448: IEEE 802.3 (preamble, header, checksum, gap), IPv4, TCP with time
 * stamps. */
#define TCP_SHARE (1448.0 / 1538.0)

const char *spar_level_name(spar_level_t level)
{
    return level == SPAR_LEVEL_NODE ? "same_node" : "other_node";
}

void spar_prior_node(spar_prior_t *prior_p)
{
    *prior_p = (spar_prior_t){NODE_ALPHA, NODE_BETA,
                              "assumed: shared memory of a usual host"};
}

void spar_prior_network(const spar_nic_t *slowest, spar_prior_t *prior_p)
{
    spar_prior_t prior = {TCP_ALPHA, 1 / LIKELY_RATE, ""};

    if (slowest && slowest->infiniband) {
        prior.alpha = VERBS_ALPHA;
    }
    if (!slowest || slowest->rate <= 0) {
        snprintf(prior.source, sizeof(prior.source),
                 "assumed: %s%s has no known speed",
                 slowest ? "" : "the interface of some node",
                 slowest ? slowest->name : "");
    } else {
        prior.beta = 1 / (slowest->infiniband ? slowest->rate
                                              : TCP_SHARE * slowest->rate);
        snprintf(prior.source, sizeof(prior.source),
                 "%g Gbit/s link speed of %s%s; alpha assumed",
                 slowest->rate * 8 / 1e9, slowest->name,
                 slowest->hardware ? "" : " (virtual, so it is made up)");
    }
    *prior_p = prior;
}

const spar_nic_t *spar_prior_slower(const spar_nic_t *a, const spar_nic_t *b)
{
    return b->rate < a->rate ? b : a;
}
