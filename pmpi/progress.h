/*
 * Spar: who advances pending calls, over all communicators. Callers that wait
 * take the work over themselves, because a helper thread beside a caller that
 * spins costs milliseconds per call; the helper thread (pmpi/helper.h) works
 * while no caller does. All functions are thread-safe.
 */
#ifndef SPAR_PMPI_PROGRESS_H
#define SPAR_PMPI_PROGRESS_H

#include "pmpi/comm.h"

/* The communicator has one more pending call, which is posted next. Returns how
 * many it has then. */
unsigned spar_progress_add(spar_comm_t *comm);
/* A call is done, or in the hands of its caller. */
void spar_progress_remove(spar_comm_t *comm);
/* Pending calls on all communicators. */
unsigned spar_progress_pending(void);
/* Whether nobody but the caller refers to the state (none of its calls is
 * pending then). */
bool spar_progress_has_left(const spar_comm_t *comm);

/* Advances every communicator with pending calls that nobody else is advancing
 * at this moment. true: something moved. */
bool spar_progress_sweep(void);

/* The same for the application's thread in passing: after a post, in MPI_Test
 * and the like. Does nothing where the helper does it. */
void spar_progress_touch(void);

/* The application's thread waits: while it is between the two, it sweeps, and
 * the helper stays aside. */
void spar_progress_enter(void);
void spar_progress_leave(void);
/* One round of waiting in between; *polls counts them, 0 at first. Ends the job
 * where it was limited to some steps. */
void spar_progress_step(unsigned *polls);

/* Whether an application's thread waits, and how often one has swept. */
bool spar_progress_has_caller(void);
unsigned spar_progress_caller_sweeps(void);

/* Before MPI_Finalize: lets what is still pending end, as notes that wait for a
 * plan do; at most so long. true: nothing is left, but for calls behind the
 * last step of the job (SPAR_STOP_STEPS), which are never started. */
bool spar_progress_drain(double seconds);

/* Waits until the call is done or its caller's turn; between
 * spar_progress_enter and spar_progress_leave. */
void spar_progress_wait(spar_op_t *op);

#endif
