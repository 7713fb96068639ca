#include "tools/topology/job.h"

#include <jansson.h>
#include <stdio.h>

#define SCHEMA_VERSION 1

static json_t *positive(double value)
{
    return value > 0 ? json_real(value) : json_null();
}

/* Negative: not known. */
static json_t *index_or_null(int32_t value)
{
    return value >= 0 ? json_integer(value) : json_null();
}

static json_t *nic_json(const spar_nic_t *nic)
{
    static const char *const states[] = {[SPAR_NIC_UNKNOWN] = "unknown",
                                         [SPAR_NIC_DOWN] = "down",
                                         [SPAR_NIC_UP] = "up"};

    return json_pack("{s:s, s:o, s:s, s:o, s:b, s:b}", "name", nic->name,
                     "bytes_per_s", positive(nic->rate), "state",
                     states[nic->state], "numa_node", index_or_null(nic->numa),
                     "hardware", (int)nic->hardware, "infiniband",
                     (int)nic->infiniband);
}

static json_t *nics_json(const spar_topology_t *facts)
{
    json_t *array = json_array();

    for (int i = 0; i < facts->nic_count; i++) {
        json_array_append_new(array, nic_json(&facts->nics[i]));
    }
    return array;
}

static json_t *gpus_json(const spar_topology_t *facts)
{
    json_t *array = json_array();

    for (int i = 0; i < facts->gpu_count; i++) {
        json_array_append_new(
            array, json_pack("{s:s, s:o}", "name", facts->gpus[i].name,
                             "numa_node", index_or_null(facts->gpus[i].numa)));
    }
    return array;
}

static json_t *ranks_json(const spar_job_t *job, int leader)
{
    json_t *array = json_array();

    for (int rank = 0; rank < job->ranks; rank++) {
        if (job->leaders[rank] == leader) {
            json_array_append_new(array, json_integer(rank));
        }
    }
    return array;
}

static json_t *host_json(const spar_job_t *job, const spar_job_host_t *host)
{
    const spar_topology_t *facts = &host->facts;
    const spar_nic_t *nic = spar_topology_nic(facts);

    return json_pack(
        "{s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:s, s:o}", "name",
        host->name, "ranks", ranks_json(job, host->leader), "packages",
        facts->packages, "numa_nodes", facts->numa_nodes, "cores", facts->cores,
        "helper",
        host->helper[0] == '\0' ? json_null() : json_string(host->helper),
        "nics", nics_json(facts), "likely_nic",
        nic == NULL ? json_null() : json_string(nic->name), "likely_nic_source",
        spar_nic_reason_string(facts->reason), "gpus", gpus_json(facts));
}

static json_t *cost_json(double alpha, double beta, const char *source)
{
    return json_pack("{s:f, s:f, s:s}", "alpha_s", alpha, "beta_s_per_byte",
                     beta, "source", source);
}

static json_t *level_json(const spar_job_t *job, spar_level_t level)
{
    const spar_prior_t *prior = &job->priors[level];
    const spar_prior_t *estimate = &job->estimates[level];
    double alpha, beta;
    bool measured = spar_job_measured(job, level, &alpha, &beta);

    return json_pack(
        "{s:s, s:o, s:o, s:o}", "level", spar_level_name(level), "measured",
        measured ? cost_json(alpha, beta, "messages, the slowest link")
                 : json_null(),
        "prior", cost_json(prior->alpha, prior->beta, prior->source), "ucx",
        estimate->alpha > 0
            ? cost_json(estimate->alpha, estimate->beta, estimate->source)
            : json_null());
}

static json_t *link_json(const spar_job_link_t *link)
{
    return json_pack("{s:i, s:i, s:s, s:f, s:f}", "from", link->from, "to",
                     link->to, "level", spar_level_name(link->level), "alpha_s",
                     link->alpha, "beta_s_per_byte", link->beta);
}

void spar_job_write_json(const spar_job_t *job)
{
    json_t *hosts = json_array(), *levels = json_array(), *links = json_array();
    json_t *root;

    for (int i = 0; i < job->host_count; i++) {
        json_array_append_new(hosts, host_json(job, &job->hosts[i]));
    }
    for (int i = 0; i < SPAR_LEVELS; i++) {
        json_array_append_new(levels, level_json(job, (spar_level_t)i));
    }
    for (int i = 0; i < job->link_count; i++) {
        json_array_append_new(links, link_json(&job->links[i]));
    }
    root = json_pack("{s:i, s:i, s:o, s:o, s:o}", "schema_version",
                     SCHEMA_VERSION, "ranks", job->ranks, "hosts", hosts,
                     "levels", levels, "links", links);
    json_dumpf(root, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(root);
}
