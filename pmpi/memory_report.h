/* Spar: the memory that the library holds on this rank, for the report. */
#ifndef SPAR_PMPI_MEMORY_REPORT_H
#define SPAR_PMPI_MEMORY_REPORT_H

#include "pmpi/comm.h"
#include "report/report.h"

/* Adds what a communicator's layers and exchanges hold; residuals are counted
 * by themselves. With its `busy` held. */
void spar_memory_add(spar_report_t *report, const spar_comm_t *comm);

/* Adds what layers of all communicators share for GPUs. */
void spar_memory_add_pool(spar_report_t *report);

#endif
