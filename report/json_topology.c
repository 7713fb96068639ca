#include "report/json_topology.h"

#include "report/json_whole.h"

static json_t *level_json(spar_level_t level, const spar_prior_t *prior)
{
    return json_pack("{s:s, s:f, s:f, s:s}", "level", spar_level_name(level),
                     "alpha_s", prior->alpha, "beta_s_per_byte", prior->beta,
                     "source", prior->source);
}

static json_t *nic_json(const spar_report_node_t *node)
{
    const spar_nic_t *nic = &node->nic;

    if (nic->name[0] == '\0') {
        return json_null();
    }
    return json_pack(
        "{s:s, s:o, s:o, s:b, s:s}", "name", nic->name, "bytes_per_s",
        nic->rate > 0 ? json_real(nic->rate) : json_null(), "numa_node",
        nic->numa >= 0 ? json_integer(nic->numa) : json_null(), "hardware",
        (int)nic->hardware, "source", spar_nic_reason_string(node->reason));
}

json_t *spar_report_topology_json(const spar_report_topology_t *topology)
{
    json_t *levels, *nodes;
    bool whole;

    if (topology == NULL) {
        return json_null();
    }
    levels = json_array();
    nodes = json_array();
    whole = levels != NULL && nodes != NULL;
    for (int i = 0; i < SPAR_LEVELS; i++) {
        spar_json_append(
            levels, level_json((spar_level_t)i, &topology->levels[i]), &whole);
    }
    for (size_t i = 0; i < topology->node_count; i++) {
        const spar_report_node_t *node = &topology->nodes[i];

        spar_json_append(nodes,
                         json_pack("{s:i, s:i, s:o}", "first_rank",
                                   node->first_rank, "ranks", node->ranks,
                                   "nic", nic_json(node)),
                         &whole);
    }
    return spar_json_whole(
        json_pack("{s:o, s:o}", "levels", levels, "nodes", nodes), whole);
}
