/*
 * Spar: one call of a periodic layer (pmpi/periodic.h) that all ranks may skip.
 * Its ranks exchange headers, without entries: values that are not finite, a
 * flush, a pause or a lack of memory on any of them make it a dense call on
 * all, with its arguments as they were. With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_PERIODIC_CALL_H
#define SPAR_PMPI_PERIODIC_CALL_H

#include "pmpi/comm.h"

/* Whether the call goes that way in the present step. */
bool spar_periodic_call_takes(const spar_op_t *op);

/* On op->lane. */
spar_status_t spar_periodic_call_start(spar_op_t *op);
/* Without blocking; SPAR_OK: all ranks' flags are known. */
spar_status_t spar_periodic_call_progress(spar_op_t *op, bool *moved_p);

/* After SPAR_OK. true: the result is delivered. false: all ranks have to make
 * op->call densely, which may have changed. */
bool spar_periodic_call_conclude(spar_op_t *op);

/* The dense call of a gradient has come back: takes out what was made up for.
 */
void spar_periodic_call_settle(spar_op_t *op);

#endif
