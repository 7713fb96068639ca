/*
 * Spar: several small layers as one: their gradients and residuals one after
 * the other in memory, and their selected entries in one selection. Each layer
 * is selected by itself, with its own selector. With the communicator's `busy`
 * held.
 */
#ifndef SPAR_PMPI_STAGING_H
#define SPAR_PMPI_STAGING_H

#include "pmpi/op.h"
#include "policy/merging.h"
#include "sparsify/selection.h"

/* Zero-initialised: empty. */
typedef struct spar_staging {
    void *sums;      /* gradients; the exchange leaves the sums there */
    void *residuals; /* as many elements */
    size_t bytes;    /* of each of the two */
    spar_selection_t selection;
    size_t begins[SPAR_MERGING_MOST + 1]; /* of each layer's entries */
} spar_staging_t;

/* Makes room for so many elements and entries. SPAR_ERR_NO_MEMORY leaves what
 * was there. */
spar_status_t spar_staging_reserve(spar_staging_t *staging, spar_dtype_t dtype,
                                   uint64_t count, uint64_t entries);
void spar_staging_cleanup(spar_staging_t *staging);
size_t spar_staging_memory(const spar_staging_t *staging);

/* Selects from each call's layer, by way of `scratch`, and takes its gradient
 * and residual in. Changes nothing of the calls. Returns the SPAR_WIRE_ flags
 * of the first call that cannot take part, or 0. */
uint32_t spar_staging_fill(spar_staging_t *staging, spar_op_t *const *ops,
                           size_t count, spar_selection_t *scratch);

/* After the exchange: the calls get their sums, the layers their residuals. */
void spar_staging_deliver(const spar_staging_t *staging, spar_op_t *const *ops,
                          size_t count);

#endif
