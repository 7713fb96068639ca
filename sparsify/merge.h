/*
 * Spar: the sum of two sparse vectors, as the exchanges that add on the way
 * need it.
 */
#ifndef SPAR_SPARSIFY_MERGE_H
#define SPAR_SPARSIFY_MERGE_H

#include "sparsify/selection.h"

/*
 * Merges two lists of one element type with strictly ascending indices into a
 * third one: every index of either, once; where both have it, fl(a + b). The
 * result has the same bits whichever list comes first (finite values; a sum of
 * 0 stays an entry). It travels as it is: sums are not rounded.
 *
 * *out_p has been reserved by the caller, for at most a + b entries; nothing
 * is allocated. It is neither a nor b. SPAR_ERR_INVALID: the types differ, or
 * there is no room for all entries; then count, dtype and travels of *out_p
 * are as they were. Thread-safe for different lists.
 */
spar_status_t spar_merge_add(const spar_selection_t *a,
                             const spar_selection_t *b,
                             spar_selection_t *out_p);

#endif
