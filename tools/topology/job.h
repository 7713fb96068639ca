/*
 * Spar: what `spar info -t` knows of a job or, outside of one, of this host.
 * Plain data that is gathered on rank 0 and then shown.
 */
#ifndef SPAR_TOOLS_TOPOLOGY_JOB_H
#define SPAR_TOOLS_TOPOLOGY_JOB_H

#include "policy/placement.h"
#include "policy/prior.h"
#include "policy/topology.h"

/* Links of further hosts are not measured, and the drawing counts them only. */
#define SPAR_JOB_HOSTS 16
#define SPAR_JOB_LINKS (2 * SPAR_JOB_HOSTS)

typedef struct spar_job_host {
    char name[64];
    int leader;       /* the lowest of its ranks */
    char helper[160]; /* is there a core for the helper thread; empty: no job */
    spar_topology_t facts;
} spar_job_host_t;

typedef struct spar_job_link {
    int from; /* ranks */
    int to;
    spar_level_t level;
    double alpha; /* seconds of a message of 8 bytes, one way */
    double beta;  /* seconds per byte beyond */
} spar_job_link_t;

typedef struct spar_job {
    int ranks;          /* 0: there is no job, one host */
    const int *leaders; /* of each rank: the lowest rank of its host */
    const spar_job_host_t *hosts;
    int host_count;
    spar_job_link_t links[SPAR_JOB_LINKS]; /* measured */
    int link_count;
    spar_prior_t priors[SPAR_LEVELS];
    spar_prior_t estimates[SPAR_LEVELS]; /* UCX's; alpha 0: none */
} spar_job_t;

/* Facts of this host, but for the leader and the helper. machine: see
 * spar_topology_read. */
void spar_job_host_read(const spar_placement_t *machine,
                        spar_job_host_t *host_p);

/* Fills in priors from the hosts and, for the first host's likely interface,
 * UCX's estimates. */
void spar_job_judge(spar_job_t *job);

/* The slowest measured link of a level: largest alpha and largest beta. false:
 * none was measured. */
bool spar_job_measured(const spar_job_t *job, spar_level_t level,
                       double *alpha_p, double *beta_p);

/* To stdout: a drawing in plain text, with box characters where the locale is
 * UTF-8, or one JSON object (names in docs/architecture.md). */
void spar_job_draw(const spar_job_t *job);
void spar_job_write_json(const spar_job_t *job);

#endif
