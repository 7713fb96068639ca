/* Spar: the part of the report that compares dense and sparse windows. */
#ifndef SPAR_REPORT_AB_H
#define SPAR_REPORT_AB_H

#include "report/report.h"

#include <jansson.h>

/* One or two lines; nothing in other modes. */
void spar_report_print_ab(const spar_report_t *report, FILE *file);

/* null in other modes. */
json_t *spar_report_ab_json(const spar_report_t *report);

#endif
