/* Spar: the transport of the exchanges over a shadow communicator. */
#ifndef SPAR_PMPI_TRANSPORT_MPI_H
#define SPAR_PMPI_TRANSPORT_MPI_H

#include "exchange/transport.h"
#include "pmpi/real.h"

typedef struct spar_transport_mpi {
    spar_transport_t transport; /* first: the exchanges get its address */
    MPI_Comm shadow;            /* not owned */
} spar_transport_mpi_t;

void spar_transport_mpi_init(spar_transport_mpi_t *transport, MPI_Comm shadow,
                             int rank, int size);

#endif
