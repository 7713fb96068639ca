#include "sparsify/selector.h"

#include "sparsify/selectors.h"

#include <math.h>

void spar_selector_init(spar_selector_t *selector, spar_selector_kind_t kind,
                        spar_dtype_t dtype, size_t n)
{
    selector->kind = kind;
    selector->dtype = dtype;
    selector->n = n;
    selector->threshold = 0.0;
    selector->last_k = 0;
    selector->gap = SPAR_EXACT_FIRST_GAP;
}

void spar_selector_rescale(spar_selector_t *selector, int exponent)
{
    selector->threshold = ldexp(selector->threshold, exponent);
}

static spar_status_t run(spar_selector_t *selector, const spar_layer_t *layer,
                         size_t k, spar_selection_t *selection)
{
    if (layer->n == 0 || layer->n > UINT32_MAX ||
        (selector->kind != SPAR_SELECT_NONZERO && (k == 0 || k > layer->n))) {
        return SPAR_ERR_INVALID;
    }
    selection->passes = 0;
    switch (selector->kind) {
    case SPAR_SELECT_EXACT:
        return spar_select_exact(selector, layer, k, selection);
    case SPAR_SELECT_GAUSSIAN:
        return spar_select_gaussian(selector, layer, k, selection);
    case SPAR_SELECT_TOPK:
        return spar_select_topk(layer, k, selection);
    case SPAR_SELECT_NONZERO:
        return spar_select_nonzero(layer, selection);
    }
    return SPAR_ERR_INVALID;
}

spar_status_t spar_selector_run(spar_selector_t *selector, const void *gradient,
                                const void *residual, size_t k,
                                spar_selection_t *selection)
{
    const spar_layer_t layer = {.dtype = selector->dtype,
                                .gradient = gradient,
                                .residual = residual,
                                .n = selector->n};

    return run(selector, &layer, k, selection);
}

spar_status_t spar_selector_run_sum(spar_selector_t *selector,
                                    const void *gradient, const void *residual,
                                    size_t k, spar_selection_t *selection,
                                    void *sum)
{
    const spar_layer_t layer = {.dtype = selector->dtype,
                                .gradient = gradient,
                                .residual = residual,
                                .n = selector->n,
                                .sum = sum};

    return selector->kind == SPAR_SELECT_EXACT
               ? run(selector, &layer, k, selection)
               : SPAR_ERR_INVALID;
}
