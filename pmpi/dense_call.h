/* Spar: MPI's own sum, of however many elements. */
#ifndef SPAR_PMPI_DENSE_CALL_H
#define SPAR_PMPI_DENSE_CALL_H

#include "pmpi/op.h"

/* Both return MPI's code. Counts beyond an int come only from MPI's own
 * large-count functions, which are then there. */
int spar_dense_call(const spar_allreduce_call_t *call);
/* On `comm` in place of the call's communicator. */
int spar_dense_call_start(const spar_allreduce_call_t *call, MPI_Comm comm,
                          MPI_Request *request_p);

#endif
