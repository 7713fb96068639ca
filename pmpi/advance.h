/*
 * Spar: the calls of one communicator that are under way. Nothing here blocks
 * or, once scratch has grown, allocates. With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_ADVANCE_H
#define SPAR_PMPI_ADVANCE_H

#include "pmpi/comm.h"

/* Advances all that can be advanced. true: something moved. */
bool spar_advance(spar_comm_t *comm);

/* Whether it is known of all calls under way which flags the ranks have. */
bool spar_advance_has_told(const spar_comm_t *comm);

/* The first call of the queue is under way from now on, in this stage. */
void spar_advance_begin(spar_op_t *op, spar_op_stage_t stage);

/* The call ends with an error, and no call on the communicator can be taken
 * over any more. `cause` NULL: that is known already. */
void spar_advance_fail(spar_op_t *op, const char *cause);

/* Counts the call as a dense one for the report. */
void spar_advance_count_dense(spar_op_t *op);

/* The blocking caller has made its dense call, with this code. false: it has to
 * make op->call, which has changed, as well. */
bool spar_advance_caller_done(spar_op_t *op, int code);

/* Measures and frees what the application has completed. */
void spar_advance_take_back(spar_comm_t *comm);

#endif
