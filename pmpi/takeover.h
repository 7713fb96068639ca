/* Spar: one call that is taken over. */
#ifndef SPAR_PMPI_TAKEOVER_H
#define SPAR_PMPI_TAKEOVER_H

#include "pmpi/comm.h"

/* The application's arguments. */
typedef struct spar_allreduce_call {
    const void *sendbuf; /* may be MPI_IN_PLACE */
    void *recvbuf;
    int count;
    MPI_Datatype datatype;
    MPI_Op op;
    MPI_Comm comm;
} spar_allreduce_call_t;

/* Completes the call for this layer, blocking. Returns an MPI code; errors
 * have been through the communicator's error handler. */
int spar_takeover_run(spar_comm_t *comm, size_t slot,
                      const spar_allreduce_call_t *call);

#endif
