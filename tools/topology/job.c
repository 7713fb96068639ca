#include "tools/topology/job.h"

#include "tools/topology/estimate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void spar_job_host_read(const spar_placement_t *machine,
                        spar_job_host_t *host_p)
{
    memset(host_p, 0, sizeof(*host_p));
    if (gethostname(host_p->name, sizeof(host_p->name) - 1) != 0) {
        snprintf(host_p->name, sizeof(host_p->name), "this host");
    }
    spar_topology_read(machine, NULL, getenv("OMPI_MCA_btl_tcp_if_include"),
                       &host_p->facts);
}

/* NULL: the interface of some host is not known. */
static const spar_nic_t *slowest_nic(const spar_job_t *job)
{
    const spar_nic_t *slowest = NULL;

    for (int i = 0; i < job->host_count; i++) {
        const spar_nic_t *nic = spar_topology_nic(&job->hosts[i].facts);

        if (nic == NULL) {
            return NULL;
        }
        slowest = slowest == NULL ? nic : spar_prior_slower(slowest, nic);
    }
    return slowest;
}

void spar_job_judge(spar_job_t *job)
{
    const spar_nic_t *nic = spar_topology_nic(&job->hosts[0].facts);

    spar_prior_node(&job->priors[SPAR_LEVEL_NODE]);
    spar_prior_network(slowest_nic(job), &job->priors[SPAR_LEVEL_NETWORK]);
    for (int i = 0; i < SPAR_LEVELS; i++) {
        memset(&job->estimates[i], 0, sizeof(job->estimates[i]));
        (void)spar_estimate((spar_level_t)i, nic, &job->estimates[i]);
    }
}

bool spar_job_measured(const spar_job_t *job, spar_level_t level,
                       double *alpha_p, double *beta_p)
{
    bool found = false;

    for (int i = 0; i < job->link_count; i++) {
        const spar_job_link_t *link = &job->links[i];

        if (link->level == level) {
            *alpha_p = found && *alpha_p > link->alpha ? *alpha_p : link->alpha;
            *beta_p = found && *beta_p > link->beta ? *beta_p : link->beta;
            found = true;
        }
    }
    return found;
}
