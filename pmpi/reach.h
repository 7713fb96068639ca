/*
 * Spar: the application's buffers, wherever they are. A buffer in a device's
 * memory is *far*: it is read and written by way of an array of the layer's, or
 * not at all where the call runs on the device (pmpi/resident.h). The dense
 * calls that MPI makes get the application's own pointers.
 *
 * Where memory lies is a rank's own affair: it changes nothing that travels. A
 * rank that cannot reach it tells the others by SPAR_WIRE_NO_MEMORY. With the
 * communicator's `busy` held, but for spar_reach_find.
 */
#ifndef SPAR_PMPI_REACH_H
#define SPAR_PMPI_REACH_H

#include "pmpi/comm.h"
#include "policy/element.h"

/* Of a call that is being posted: finds out where its buffers are. */
void spar_reach_find(spar_op_t *op);

static inline bool spar_reach_is_far(const spar_op_t *op)
{
    return op->reach.gradient_far || op->reach.result_far;
}

/* Room for all that is below. false: out of memory, or the buffers are blind.
 * Without effect on calls whose buffers are near. */
bool spar_reach_reserve(const spar_op_t *op);

/* Copies so many elements of the gradient from `first` on to where
 * spar_reach_gradient has them. false: not possible; the layer's array is
 * unspecified. */
bool spar_reach_fetch(const spar_op_t *op, uint64_t first, uint64_t count);
bool spar_reach_fetch_all(const spar_op_t *op);

/* The gradient, once it was fetched, and where the result is to be written. Of
 * calls whose buffers are near, the application's own. The result's array may
 * be the gradient's. */
const void *spar_reach_gradient(const spar_op_t *op);
void *spar_reach_result(const spar_op_t *op);

/* What was written there is the application's result from now on. false: not
 * possible. */
bool spar_reach_deliver(const spar_op_t *op);
/* The same; where it is not possible, op->code is an error, and said. */
void spar_reach_deliver_or_fail(spar_op_t *op);
bool spar_reach_deliver_part(const spar_op_t *op, uint64_t first,
                             uint64_t count);

/* The result in the application's buffer, readable until the layer's next call;
 * NULL: not possible. */
const void *spar_reach_read_result(const spar_op_t *op);

/* Copies rows of the gradient, or of the result, one after the other. NULL: not
 * possible. The caller frees them. */
void *spar_reach_gradient_rows(const spar_op_t *op, spar_element_rows_t rows);
void *spar_reach_result_rows(const spar_op_t *op, spar_element_rows_t rows);

/* A dense call in the host's memory in place of one that is far: op->call names
 * the layer's array, which holds the sum's own part. Its end delivers. */
void spar_reach_begin_staged(spar_op_t *op);
void spar_reach_end_staged(spar_op_t *op);

/* The layer's array. */
void spar_reach_cleanup(spar_layer_t *layer);

/* The ranks agree on where the layers' buffers are: this rank writes what it
 * has seen of them, and the least of all ranks are read back. Both return how
 * many numbers these are, the same on every rank. */
size_t spar_reach_tell(const spar_comm_t *comm, double *values);
size_t spar_reach_agree(spar_comm_t *comm, const double *values);

/* Why the layer is dense whatever is faster; NULL: it need not be. Static. */
const char *spar_reach_refusal(const spar_layer_t *layer);

#endif
