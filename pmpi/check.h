/*
 * Spar: SPAR_CHECK, do all ranks have the same? In every n-th step of the known
 * sequence the results of the calls that were taken over are hashed before the
 * application sees them. At the begin of the next step the ranks compare
 * these, and what they believe the plan to be. A difference ends the job:
 * rank 0 of the communicator says what differs, where, and on which ranks. With
 * the communicator's `busy` held.
 *
 * Sums that MPI makes are not looked at, nor persistent calls, which have no
 * steps, nor results that a rank cannot read from its device.
 */
#ifndef SPAR_PMPI_CHECK_H
#define SPAR_PMPI_CHECK_H

#include "pmpi/comm.h"

/* Code with which such a job ends; EX_PROTOCOL of sysexits.h. */
#define SPAR_CHECK_EXIT_CODE 76

/* The call belongs to the present step; its layer is known. */
void spar_check_place(spar_op_t *op);

/* The call's sum, formed by Spar, is the application's, or what it would have
 * got. */
void spar_check_note(spar_op_t *op);

/* Whether the step that begins starts with a comparison, of the step before.
 * The same on every rank. */
bool spar_check_is_due(const spar_comm_t *comm);
/* Collective over the shadow, with no call under way. */
void spar_check_begin(spar_comm_t *comm);
/* true: done; all ranks have the same. */
bool spar_check_progress(spar_comm_t *comm);

#endif
