/* Spar: the part of the report that tells what sparse exchanges beside the
 * dense ones have come to. */
#ifndef SPAR_REPORT_SHADOW_H
#define SPAR_REPORT_SHADOW_H

#include "report/report.h"

#include <jansson.h>

/* A few lines; nothing in other modes. */
void spar_report_print_shadow(const spar_report_t *report, FILE *file);

/* Per step; null in other modes. */
json_t *spar_report_shadow_json(const spar_report_t *report);

/* null: no sparse exchange of this layer. */
json_t *spar_report_layer_shadow_json(const spar_report_layer_t *layer);

#endif
