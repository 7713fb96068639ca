/* Spar: the part of the report that tells of exchanges that were skipped. */
#ifndef SPAR_REPORT_PERIODIC_H
#define SPAR_REPORT_PERIODIC_H

#include "report/report.h"

#include <jansson.h>

/* A line for each of some communicators; nothing without any. */
void spar_report_print_periodic(const spar_report_t *report, FILE *file);

/* An array with an object for each communicator of which there is something to
 * tell: "comm", "ranks", and "periodic". */
json_t *spar_report_periodic_json(const spar_report_t *report);

#endif
