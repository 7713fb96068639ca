/* Spar: the trainer's steps on one communicator, as they begin. */
#ifndef SPAR_PMPI_STEPS_H
#define SPAR_PMPI_STEPS_H

#include "pmpi/comm.h"

/* A step begins: records the one before; ends the job when SPAR_STOP_STEPS
 * have gone by (collective, does not return then). */
void spar_steps_begin(spar_comm_t *comm);

/* Bytes that this host's network interfaces (without loopback) have sent;
 * 0: unknown. Only sees the process' own network namespace. */
uint64_t spar_steps_interface_bytes(void);

#endif
