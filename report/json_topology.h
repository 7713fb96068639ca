/* Spar: the object "topology" of the JSON report; docs/architecture.md has its
 * names and units. */
#ifndef SPAR_REPORT_JSON_TOPOLOGY_H
#define SPAR_REPORT_JSON_TOPOLOGY_H

#include "report/topology.h"

#include <jansson.h>

/* null for NULL. The caller owns it. */
json_t *spar_report_topology_json(const spar_report_topology_t *topology);

#endif
