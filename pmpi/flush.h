/*
 * Spar: a dense call that delivers what a layer owes together with its
 * gradient. All ranks make it in place of one sparse exchange, since a flag in
 * the headers asked for it. With the communicator's `busy` held.
 *
 * Layers of 16-bit floats are summed as float32. Where that sum does not fit 16
 * bits, nothing is delivered: all ranks see the same sum and make the call as
 * the application asked for it, every residual is as it was, and the next call
 * of the layer tries again, a few times.
 */
#ifndef SPAR_PMPI_FLUSH_H
#define SPAR_PMPI_FLUSH_H

#include "pmpi/comm.h"

/* op->call becomes the sum that delivers all; of other layers than those of 16
 * bits nothing is owed any more. false: gradient or residual cannot be read
 * from a device; op->call is as it was. */
bool spar_flush_begin(spar_op_t *op);

/* A call with op->is_wide is over, with op->code: op->call is the application's
 * own again. true: so is the call. false: the sum was refused, and all ranks
 * have to make op->call now. */
bool spar_flush_end(spar_op_t *op);

#endif
