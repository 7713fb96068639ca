/*
 * Spar: layers whose gradients are in a device's memory. Their selection runs
 * on the device, and so does what applies the result (cuda/plugin.h); only the
 * entries come to the host. The residual stays on the device from call to call:
 * then it is *resident*, and layer->residual is room for it. Whoever else wants
 * to read it fetches it, and whoever writes it makes it leave. What is selected
 * is the same, bit for bit, wherever it is selected.
 *
 * What the device cannot do at the begin of a call makes that call dense on all
 * ranks (SPAR_WIRE_NO_MEMORY); what it cannot do behind the ranks' agreement,
 * the host does, from what it can still copy. Later calls are made by way of
 * the host.
 *
 * With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_RESIDENT_H
#define SPAR_PMPI_RESIDENT_H

#include "pmpi/comm.h"

/* At the begin of a sparse exchange: whether it runs on the device. */
bool spar_resident_takes(const spar_op_t *op);

/* The rest is of calls that do. Selects from a piece, k entries, rounded;
 * returns the flags that tell the others what is wrong, or 0. */
uint32_t spar_resident_select(const spar_op_t *op, spar_piece_t *piece,
                              uint64_t k, uint64_t seed,
                              spar_selection_t *selection);
/* The piece's call is applied on the device. */
void spar_resident_point(const spar_op_t *op, spar_piece_t *piece,
                         spar_exchange_call_t *call);
/* Behind the exchange: SPAR_OK when the result is in the application's buffer.
 * op->overflows: a sum of 16-bit floats does not fit them, on every rank, and
 * was not delivered; the residual is as it was before. */
spar_status_t spar_resident_finish(spar_op_t *op);

/* layer->residual holds what is owed, too. false: the device has an error. */
bool spar_resident_fetch(const spar_layer_t *layer);
/* The same, and only layer->residual counts from now on. false: it is still on
 * the device. */
bool spar_resident_leave(spar_layer_t *layer);
/* The same, whatever happens: what the device does not tell is lost, and said.
 * For what all ranks do alike. */
void spar_resident_evict(spar_layer_t *layer);
/* The layer's call has failed: the device leaves the application's buffer alone
 * from now on. */
void spar_resident_cancel(const spar_layer_t *layer);
/* Frees all on the device; what is resident is lost. */
void spar_resident_drop(spar_layer_t *layer);

/* Bytes on devices. */
uint64_t spar_resident_bytes(const spar_layer_t *layer);

#endif
