/*
 * Spar: one call as a sparse exchange on a lane: selection, exchange, and what
 * all ranks agreed on in the headers. With the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_SPARSE_H
#define SPAR_PMPI_SPARSE_H

#include "pmpi/comm.h"

/* Entries of this rank that a call of the layer sends at most; the same on
 * every rank. */
uint64_t spar_sparse_most_entries(const spar_layer_t *layer, double density);

/* The SPAR_WIRE_ flags of what this rank asks for: they hold for all ranks if
 * one asks. */
uint32_t spar_sparse_requests(const spar_op_t *op);

/* For a call that travels together with others: selects from its layer, of one
 * piece. Returns the SPAR_WIRE_ flag of what has failed on this rank, or 0. */
uint32_t spar_sparse_select(spar_op_t *op, spar_selection_t *selection);
/* Of the rounding: another one for every call of every layer on every rank; 0
 * where values are rounded to the nearest. */
uint64_t spar_sparse_seed(const spar_op_t *op);
/* Its entries [begin, end) have been delivered; bytes and number are the
 * caller's to count. */
void spar_sparse_note_merged(spar_op_t *op, const spar_selection_t *selection,
                             size_t begin, size_t end);

/* Selects and starts to exchange, with op's density and flags. Errors are final
 * for the communicator; spar_sparse_cause tells why. */
spar_status_t spar_sparse_start(spar_op_t *op, uint32_t slot);

/* Advances without blocking. SPAR_OK: the exchange is over. *moved_p: there was
 * something to do. */
spar_status_t spar_sparse_progress(spar_op_t *op, bool *moved_p);

/* Whether what the call still does depends on no other rank's choice. */
bool spar_sparse_has_agreed(const spar_op_t *op);

/* After SPAR_OK. true: the result is delivered. false: all ranks have to make
 * a dense call with op->call now, which may have been changed to deliver the
 * residual; in mode shadow always, and nothing was changed. */
bool spar_sparse_conclude(spar_op_t *op);

/* All ranks' flags together, after SPAR_OK. */
uint32_t spar_sparse_flags(const spar_op_t *op);

/* The last error in words. */
const char *spar_sparse_cause(const spar_op_t *op);

#endif
