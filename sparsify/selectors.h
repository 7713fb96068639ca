/* Spar: the selection operators, one file each; see selector.h. All get a
 * layer and a k that fit, and an empty selection with no passes. */
#ifndef SPAR_SPARSIFY_SELECTORS_H
#define SPAR_SPARSIFY_SELECTORS_H

#include "sparsify/selector.h"
#include "sparsify/sweep.h"

/* What spar_selector_t.gap starts with. */
#define SPAR_EXACT_FIRST_GAP 0.05

spar_status_t spar_select_exact(spar_selector_t *selector,
                                const spar_layer_t *layer, size_t k,
                                spar_selection_t *selection);
spar_status_t spar_select_gaussian(spar_selector_t *selector,
                                   const spar_layer_t *layer, size_t k,
                                   spar_selection_t *selection);
spar_status_t spar_select_topk(const spar_layer_t *layer, size_t k,
                               spar_selection_t *selection);
spar_status_t spar_select_nonzero(const spar_layer_t *layer,
                                  spar_selection_t *selection);

#endif
