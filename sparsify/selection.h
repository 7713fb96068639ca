/*
 * Spar: the entries that leave a layer in one exchange, and the scratch they
 * are gathered in. One selection serves all layers of a communicator in turn.
 */
#ifndef SPAR_SPARSIFY_SELECTION_H
#define SPAR_SPARSIFY_SELECTION_H

#include "base/status.h"
#include "sparsify/values.h"

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
    /* How the values travel; they are rounded accordingly. */
    spar_values_t travels;
    /* Some gradient + residual of the whole layer is NaN or infinite. Then
     * the entries are unspecified. */
    bool nonfinite;
    /* Sweeps over the whole layer that the selection took. */
    unsigned passes;
    /* Owned scratch: room for `capacity` entries with values of `width`
     * bytes. */
    size_t capacity;
    size_t width;
} spar_selection_t;

/* An empty selection; needs no memory until it is first used. */
void spar_selection_init(spar_selection_t *selection);
void spar_selection_cleanup(spar_selection_t *selection);
/* Makes room for at least `entries` of a layer of this type; the old content
 * is lost. SPAR_ERR_NO_MEMORY leaves the selection as it was. */
spar_status_t spar_selection_reserve(spar_selection_t *selection,
                                     spar_dtype_t dtype, size_t entries);

/* Decides how the values travel and rounds them; only float32 values can be
 * rounded, others stay as they are. Seed 0: to the nearest; otherwise up or
 * down at random, without bias (sparsify/values.h). */
void spar_selection_round(spar_selection_t *selection, spar_values_t travels,
                          uint64_t seed);

/* Bytes of scratch that are held. */
size_t spar_selection_memory(const spar_selection_t *selection);

#endif
