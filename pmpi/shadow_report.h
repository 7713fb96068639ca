/* Spar: mode shadow, for the report. */
#ifndef SPAR_PMPI_SHADOW_REPORT_H
#define SPAR_PMPI_SHADOW_REPORT_H

#include "pmpi/comm.h"
#include "report/report.h"

/* What the layer's sparse exchanges came to, and what mode auto would make of
 * that. `included`: no guard holds for it. */
void spar_shadow_describe(const spar_layer_t *layer, bool included,
                          spar_report_layer_t *out);

/* Adds the seconds per step in which non-blocking calls were under way. */
void spar_shadow_add_overlap(const spar_comm_t *comm, spar_report_t *report);

#endif
