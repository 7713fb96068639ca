/* bench_wire: selections of evenly spread entries. */
#ifndef SPAR_BENCH_WIRE_ENTRIES_H
#define SPAR_BENCH_WIRE_ENTRIES_H

#include "sparsify/selection.h"

/* k of n indices, all such sets being equally likely, with values like those
 * above a threshold: no two of the same magnitude, none near zero. */
void entries_make(spar_selection_t *selection, size_t n, size_t k,
                  uint64_t seed);

/* Bits per index that no code can do without: log2 of n over k, by k. */
double entries_entropy(size_t n, size_t k);

#endif
