/* Spar: the trainer's steps on one communicator, as they begin. */
#ifndef SPAR_PMPI_STEPS_H
#define SPAR_PMPI_STEPS_H

#include "pmpi/comm.h"

/* A step begins, at `now` in seconds: records the one before. true: the
 * SPAR_STOP_STEPS have gone by, and the application's thread is to end the job
 * at its next call (spar_engine.stopping). */
bool spar_steps_begin(spar_comm_t *comm, double now);

/* Collective over MPI_COMM_WORLD, by the application's thread. */
_Noreturn void spar_steps_stop_job(void);

/* Bytes that this host's network interfaces (without loopback) have sent;
 * 0: unknown. Only sees the process' own network namespace. */
uint64_t spar_steps_interface_bytes(void);

#endif
