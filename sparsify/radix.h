/*
 * Spar: the k largest magnitudes among the entries of a selection.
 *
 * A key is the bit pattern of a finite magnitude, as an integer; keys order as
 * magnitudes do.
 */
#ifndef SPAR_SPARSIFY_RADIX_H
#define SPAR_SPARSIFY_RADIX_H

#include "sparsify/selection.h"

/*
 * Keeps the k entries of largest magnitude, in their order, and returns the
 * key of the smallest one kept. Among equal magnitudes, the earlier entry is
 * kept. 1 <= k <= selection->count; all values are finite. Time is linear in
 * the count, whatever the values.
 */
uint64_t spar_radix_keep(spar_selection_t *selection, size_t k);

#endif
