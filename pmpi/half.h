/*
 * Spar: layers of 16-bit floats, which the application sums by an operation of
 * its own (pmpi/user_op.h). They are exchanged as float32: the gradient is
 * widened into an array of the layer, the residual is float32, and the sum,
 * which has the same bits on every rank, is rounded into the application's
 * buffer.
 *
 * A sum that would round to infinity is not delivered: all ranks see the same
 * one, make the dense call, and their residuals are as before. To that end the
 * new residual is made beside the old one (pmpi/fresh.h).
 *
 * With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_HALF_H
#define SPAR_PMPI_HALF_H

#include "pmpi/comm.h"

static inline bool spar_half_is(const spar_layer_t *layer)
{
    return spar_dtype_is_16(layer->element);
}

/* What an operation does is this rank's own finding. Writes what it found of
 * the layers; the least of all ranks are read back. Both return how many
 * numbers these are, the same on every rank. A layer on which the ranks do not
 * agree is one of unknown bits. */
size_t spar_half_tell(const spar_comm_t *comm, double *values);
size_t spar_half_agree(spar_comm_t *comm, const double *values);

/* Why the layer is dense whatever is faster; NULL: it need not be. Static. */
const char *spar_half_refusal(const spar_layer_t *layer);

/* Room for an exchange. false: out of memory. */
bool spar_half_reserve(spar_layer_t *layer);
void spar_half_cleanup(spar_layer_t *layer);
size_t spar_half_bytes(const spar_layer_t *layer);

/* The piece of the call's gradient is in layer->wide afterwards. */
void spar_half_widen(const spar_op_t *op, const spar_piece_t *piece);
/* The exchange has left the sum there, and spar_reach_result has it rounded.
 * false: it does not fit 16 bits; nothing was changed. The same on every rank.
 */
bool spar_half_deliver(const spar_op_t *op);

/* Gradient and residual become a float32 sum that MPI is to form, op->call; not
 * `readable`: this rank's part is NaN, so that all ranks refuse the sum. At
 * its end op->call is the application's again. true: the sum is delivered there
 * and the residual is zero. false: it does not fit 16 bits, or op->code is an
 * error; but for layer->wide, all is as it was. */
void spar_half_begin_flush(spar_op_t *op, bool readable);
bool spar_half_end_flush(spar_op_t *op);

/* A result of the application's as the layer is summed; valid until the layer's
 * next call. Of other layers it is the result itself. */
const void *spar_half_view(spar_layer_t *layer, const void *result);

#endif
