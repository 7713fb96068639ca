/*
 * Spar: the helper thread. It advances pending calls while the application
 * computes, and gives way to callers that wait. Eager: as soon as a call is
 * posted. Patient: only when the application has made no call for a while, so
 * that MPI's promise of progress holds although the calls themselves do the
 * work (mode inline). With nothing pending it sleeps.
 *
 * It also writes what is known of the run when the job is ended by SIGTERM,
 * which mpirun sends when another rank has died.
 */
#ifndef SPAR_PMPI_HELPER_H
#define SPAR_PMPI_HELPER_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

/* After MPI_Init, collective over MPI_COMM_WORLD: chooses mode and core, and
 * starts the thread. `node`: the ranks of this node. */
void spar_helper_start(MPI_Comm node);
/* Before MPI_Finalize: ends it. */
void spar_helper_stop(void);

bool spar_helper_is_eager(void);
/* Whether there is a thread at all. Without one, nothing guarantees progress
 * between the application's calls, and non-blocking calls are passed on. */
bool spar_helper_is_there(void);

/* Something is pending. */
void spar_helper_wake(void);
/* The same out of a signal handler. */
void spar_helper_signal(void);

/* The application sleeps between its calls (see pmpi/pace.h). */
void spar_helper_become_eager(const char *why);

/* Who advances calls, and why, for the report. */
void spar_helper_describe(char *text, size_t size);

#endif
