/*
 * Spar: the application's own operations (MPI_Op_create). Some of them sum
 * 16-bit floats, which MPI 3 has no type for: Horovod's on two bytes, others on
 * MPI_SHORT or MPI_UINT16_T. What an operation does is found by trying it on a
 * private vector.
 *
 * Handles of operations and types that were freed may come again for others:
 * MPI_Op_free and MPI_Type_free make Spar forget what it knew, and MPI frees
 * what a pending call still needs when that call is over.
 *
 * Thread-safe.
 */
#ifndef SPAR_PMPI_USER_OP_H
#define SPAR_PMPI_USER_OP_H

#include "pmpi/op.h"

/* Whether the call has an operation of the application's own on elements of 16
 * bits, side by side: from its arguments alone, so that all ranks agree. */
bool spar_user_op_takes(const spar_allreduce_call_t *call);

/*
 * For such a call: operation and type stay valid until the release. Returns
 * SPAR_DTYPE_F16 or _BF16 if the operation sums such numbers, as far as this
 * rank sees, otherwise SPAR_DTYPE_BITS16. Calls the operation the first time
 * that it comes with that type.
 */
spar_dtype_t spar_user_op_hold(const spar_allreduce_call_t *call);
void spar_user_op_release(const spar_allreduce_call_t *call);

#endif
