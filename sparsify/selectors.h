/* Spar: the selection operators, one file each; see selector.h. All get a
 * layer and a k that fit, and an empty selection with no passes. */
#ifndef SPAR_SPARSIFY_SELECTORS_H
#define SPAR_SPARSIFY_SELECTORS_H

#include "sparsify/selector.h"
#include "sparsify/sweep.h"

/* What spar_selector_t.gap starts with. */
#define SPAR_EXACT_FIRST_GAP 0.05

/* The parts of the selectors that a GPU leaves to the host. */

/* `exact`: key of the least magnitude of a candidate; SPAR_SWEEP_NONZERO where
 * nothing is known. Then, what to remember of a sweep from there. */
uint64_t spar_select_exact_guess(const spar_selector_t *selector,
                                 const spar_layer_t *layer, size_t k);
void spar_select_exact_adapt(spar_selector_t *selector, size_t k,
                             const spar_found_t *found);
/* `gaussian`: z with P(|Z| > z) = share for a standard normal Z, that is, the
 * normal quantile at 1 - share / 2. */
double spar_select_gaussian_quantile(double share);
/* Most refinements of its threshold. */
#define SPAR_GAUSSIAN_REFINEMENTS 4

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
