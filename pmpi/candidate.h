/* Spar: which calls may be gradients, from their arguments alone. */
#ifndef SPAR_PMPI_CANDIDATE_H
#define SPAR_PMPI_CANDIDATE_H

#include "pmpi/comm.h"

/* The state of the communicator if the call is a sum of enough floats, or may
 * be one of 16-bit floats (SPAR_DTYPE_BITS16); NULL: it is MPI's business, also
 * to complain about it. A smaller sum leaves its mark for the next call. */
spar_comm_t *spar_candidate_find(const spar_allreduce_call_t *call,
                                 spar_dtype_t *dtype_p);

/* The same for a persistent call, which is not made now: it leaves no mark. 16
 * bits are MPI's business there. */
spar_comm_t *spar_candidate_look(const spar_allreduce_call_t *call,
                                 spar_dtype_t *dtype_p);

#endif
