/*
 * Spar: UCX's own estimate of what a message costs, from a static model of the
 * device (ucp_ep_evaluate_perf, UCX 1.13): nothing is sent. UCX is loaded here
 * and not before; opening it takes some milliseconds to tens of them.
 */
#ifndef SPAR_TOOLS_TOPOLOGY_ESTIMATE_H
#define SPAR_TOOLS_TOPOLOGY_ESTIMATE_H

#include "policy/prior.h"

/*
 * nic: the device for SPAR_LEVEL_NETWORK; NULL: none, and then no estimate.
 * false: there is none, because Spar was built without UCX, libucp.so.0 is not
 * here, or it has no transport for this; *estimate_p is unchanged.
 */
bool spar_estimate(spar_level_t level, const spar_nic_t *nic,
                   spar_prior_t *estimate_p);

#endif
