#include "sparsify/selectors.h"

/*
 * The guess for the next threshold is this share of the last one. Too low
 * costs a few more candidates, too high a second sweep.
 */
#define SLACK 0.8

static uint64_t guess(const spar_selector_t *selector,
                      const spar_layer_t *layer)
{
    uint64_t key = spar_sweep_key(layer, SLACK * selector->threshold);

    return key < SPAR_SWEEP_NONZERO ? SPAR_SWEEP_NONZERO : key;
}

spar_status_t spar_select_exact(spar_selector_t *selector,
                                const spar_layer_t *layer, size_t k,
                                spar_selection_t *selection)
{
    uint64_t floor = guess(selector, layer);
    uint64_t least = 0;
    spar_status_t status =
        spar_sweep_largest(layer, k, floor, selection, &least);

    if (status == SPAR_OK && least == 0 && !selection->nonfinite &&
        floor > SPAR_SWEEP_NONZERO) {
        status =
            spar_sweep_largest(layer, k, SPAR_SWEEP_NONZERO, selection, &least);
    }
    if (status == SPAR_OK && !selection->nonfinite) {
        selector->threshold = spar_sweep_magnitude(layer, least);
    }
    return status;
}
