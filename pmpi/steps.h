/* Spar: the trainer's steps on one communicator, as they begin. */
#ifndef SPAR_PMPI_STEPS_H
#define SPAR_PMPI_STEPS_H

#include "pmpi/comm.h"

/* A step begins, at `now` in seconds: records the one before. true: the
 * SPAR_STOP_STEPS have gone by. The application's thread ends the job where it
 * waits for the call: all ranks come there, and whatever else they exchange
 * before that is exchanged. */
bool spar_steps_begin(spar_comm_t *comm, double now);

/* Whether that has happened on some communicator. */
bool spar_steps_are_over(void);

/* Collective over MPI_COMM_WORLD, by an application's thread. */
_Noreturn void spar_steps_stop_job(void);

/* The same for a thread that looks again and again at several calls, if the job
 * has been due to end for a while. */
void spar_steps_stop_late(void);

/* Bytes that this host's network interfaces (without loopback) have sent;
 * 0: unknown. Only sees the process' own network namespace. */
uint64_t spar_steps_interface_bytes(void);

#endif
