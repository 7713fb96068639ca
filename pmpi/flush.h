/*
 * Spar: a dense call that delivers what a layer owes together with its
 * gradient. All ranks make it in place of one sparse exchange, since a flag in
 * the headers asked for it. With the communicator's `busy` held.
 *
 * Layers of 16-bit floats are summed as float32. Where that sum does not fit 16
 * bits, nothing is delivered: all ranks see the same sum and make the call as
 * the application asked for it, every residual is as it was, and the next call
 * of the layer tries again, a few times. The same holds where a rank's header
 * says that it cannot put in its part.
 */
#ifndef SPAR_PMPI_FLUSH_H
#define SPAR_PMPI_FLUSH_H

#include "pmpi/comm.h"

/* Whether the flush has to wait for another call, by the flags of all ranks:
 * the same on each of them. */
bool spar_flush_waits(const spar_op_t *op, uint32_t flags);
/* It waits. After a few such calls in a row it is given up, if the reason is
 * one that lasts. */
void spar_flush_postpone(spar_op_t *op, uint32_t flags);

/* op->call becomes the sum that delivers all; of other layers than those of 16
 * bits nothing is owed any more. false: gradient or residual cannot be read
 * from a device, behind the headers; op->call is as it was, and this rank keeps
 * its residual (layer->unread). */
bool spar_flush_begin(spar_op_t *op);

/* A call with op->is_wide is over, with op->code: op->call is the application's
 * own again. true: so is the call. false: the sum was refused, and all ranks
 * have to make op->call now. */
bool spar_flush_end(spar_op_t *op);

#endif
