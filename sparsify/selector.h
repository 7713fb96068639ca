/*
 * Spar: selection operators. A selector reads gradient and residual of one
 * layer and names the entries to send; it changes neither, so that the caller
 * can still give the whole call up (a non-finite value on another rank, a
 * failed allocation) with nothing to undo.
 *
 * A selector belongs to one layer on one rank, because `exact` remembers the
 * last threshold. Not thread-safe: one call at a time per selector.
 */
#ifndef SPAR_SPARSIFY_SELECTOR_H
#define SPAR_SPARSIFY_SELECTOR_H

#include "sparsify/selection.h"

typedef enum spar_selector_kind {
    /* The k largest magnitudes exactly, found among candidates above a slack
     * times the last threshold: about one sweep. */
    SPAR_SELECT_EXACT,
    /* Gaussian-k as published (Shi et al., arXiv 1911.08772, algorithm 1):
     * normal quantile threshold, up to 4 refinements; count varies. */
    SPAR_SELECT_GAUSSIAN,
    /* The k largest magnitudes exactly, without memory of the last call. */
    SPAR_SELECT_TOPK,
    /* Every non-zero entry. k is ignored. */
    SPAR_SELECT_NONZERO
} spar_selector_kind_t;

typedef struct spar_selector {
    spar_selector_kind_t kind;
    spar_dtype_t dtype;
    size_t n;         /* elements of the layer, at most 2^32 - 1 */
    double threshold; /* magnitude of the last k-th entry; 0: none yet */
    size_t last_k;    /* the k that belongs to it */
    double gap;       /* how far below it `exact` looks for candidates */
} spar_selector_t;

void spar_selector_init(spar_selector_t *selector, spar_selector_kind_t kind,
                        spar_dtype_t dtype, size_t n);

/* All that it selects from is 2^exponent as large from now on. */
void spar_selector_rescale(spar_selector_t *selector, int exponent);

/*
 * Selects from gradient + residual (both n elements; residual NULL: zeros).
 * `k` is in elements, 1 <= k <= n. Ties at the threshold are broken in favour
 * of the lower index, so that `exact` and `topk` select exactly
 * min(k, non-zero entries) entries, the same ones.
 *
 * SPAR_OK: *selection is filled (also when it flags non-finite values).
 * SPAR_ERR_INVALID: n or k is out of range.
 * SPAR_ERR_NO_MEMORY: the scratch could not grow; nothing else changed.
 */
spar_status_t spar_selector_run(spar_selector_t *selector, const void *gradient,
                                const void *residual, size_t k,
                                spar_selection_t *selection);

/*
 * The same with `exact`, and leaves gradient + residual in `sum` (n elements
 * apart from the others): what takes the gradient into the residual afterwards
 * can be spared. `sum` is unspecified unless SPAR_OK is returned and nothing
 * non-finite was flagged. SPAR_ERR_INVALID: another selector, too.
 */
spar_status_t spar_selector_run_sum(spar_selector_t *selector,
                                    const void *gradient, const void *residual,
                                    size_t k, spar_selection_t *selection,
                                    void *sum);

#endif
