/*
 * Spar: one sweep over a layer, the part that all selectors share.
 */
#ifndef SPAR_SPARSIFY_SWEEP_H
#define SPAR_SPARSIFY_SWEEP_H

#include "sparsify/selection.h"

/* Key of the smallest magnitude above zero: selects all non-zero elements. */
#define SPAR_SWEEP_NONZERO 1

/* Times k: as far as candidates are counted. */
#define SPAR_SWEEP_MANY 4

/* A layer as the selectors see it. */
typedef struct spar_layer {
    spar_dtype_t dtype;
    const void *gradient;
    const void *residual; /* NULL: zeros */
    size_t n;
    /* NULL, or: every sweep of the whole layer leaves gradient + residual here
     * (n elements; nothing else lies there). Unspecified after errors and
     * non-finite values. */
    void *sum;
} spar_layer_t;

/* The key of a magnitude (>= 0) as rounded to the layer's type, and back. */
uint64_t spar_sweep_key(const spar_layer_t *layer, double magnitude);
double spar_sweep_magnitude(const spar_layer_t *layer, uint64_t key);

/* What a sweep for the k largest has found out; none of it depends on how the
 * scratch was pruned. */
typedef struct spar_found {
    uint64_t least; /* key of the k-th entry; 0: there are fewer */
    /* Elements of the layer whose key is at least the floor; more than
     * SPAR_SWEEP_MANY k if there are more. Not counted for SPAR_SWEEP_NONZERO.
     * A GPU counts the same. */
    size_t candidates;
} spar_found_t;

/*
 * The k largest magnitudes among the elements whose key is at least `floor`
 * (>= 1), or all of those if they are fewer, into *selection. One sweep,
 * always: when the scratch fills up it is pruned to the k largest so far,
 * which raises the floor for the rest of the sweep. From the lowest floor
 * about k ln(n/k) candidates pass through the scratch, so that even without a
 * good guess most elements are only compared.
 * SPAR_ERR_NO_MEMORY: the scratch could not grow; nothing was changed.
 */
spar_status_t spar_sweep_largest(const spar_layer_t *layer, size_t k,
                                 uint64_t floor, spar_selection_t *selection,
                                 spar_found_t *found_p);

/*
 * All elements whose key is at least `floor`. Sweeps once, and once more if
 * the scratch had to grow; `expected` (0: unknown) is how many there are.
 * SPAR_ERR_NO_MEMORY: the scratch could not grow.
 */
spar_status_t spar_sweep_all(const spar_layer_t *layer, uint64_t floor,
                             size_t expected, spar_selection_t *selection);

#endif
