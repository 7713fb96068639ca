/*
 * Spar: mode ab. Like mode auto until it is settled which layers go sparse;
 * from then on windows of dense and of sparse steps take turns. In a dense
 * window every layer goes by its dense method, and residuals stay as they are.
 * Follows from the number of the step, so all ranks agree. With the
 * communicator's `busy` held.
 */
#ifndef SPAR_PMPI_AB_H
#define SPAR_PMPI_AB_H

#include "pmpi/comm.h"
#include "policy/windows.h"

/* Whether the present step is in a dense window. */
bool spar_ab_is_dense(const spar_comm_t *comm);

/* Steps between two reviews, in other modes `otherwise`: what was measured
 * since the one before is of whole windows of both kinds. */
uint64_t spar_ab_review_steps(uint64_t otherwise);

/* Of the windows that were complete while some layer went sparse; the caller
 * destroys it. SPAR_ERR_NO_MEMORY. */
spar_status_t spar_ab_compare(const spar_comm_t *comm,
                              spar_windows_result_t *result_p);

#endif
