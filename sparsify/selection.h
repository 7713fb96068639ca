/*
 * Spar: the entries that leave a layer in one exchange, and the scratch they
 * are gathered in. One selection serves all layers of a communicator in turn.
 */
#ifndef SPAR_SPARSIFY_SELECTION_H
#define SPAR_SPARSIFY_SELECTION_H

#include "base/dtype.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct spar_selection {
    /* Result: `count` entries, indices strictly ascending, values of
     * `dtype` equal to gradient + residual at these indices. */
    uint32_t *indices;
    void *values;
    size_t count;
    spar_dtype_t dtype;
    /* Some gradient + residual of the whole layer is NaN or infinite. Then
     * the entries are unspecified. */
    bool nonfinite;
    /* Sweeps over the whole layer that the selection took. */
    unsigned passes;
    /* Owned scratch: room for `capacity` entries of 8-byte values. */
    size_t capacity;
} spar_selection_t;

/* An empty selection; needs no memory until it is first used. */
void spar_selection_init(spar_selection_t *selection);
void spar_selection_cleanup(spar_selection_t *selection);
/* Makes room for at least `entries`; the old content is lost.
 * SPAR_ERR_NO_MEMORY leaves the selection as it was. */
spar_status_t spar_selection_reserve(spar_selection_t *selection,
                                     size_t entries);

#endif
