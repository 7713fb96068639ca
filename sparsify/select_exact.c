#include "sparsify/selectors.h"

/*
 * The next threshold is guessed as (1 - gap) times the last one. Too low a
 * guess lets more candidates in, too high a guess costs a second sweep. Under
 * error feedback values pile up just below the threshold: at density 0.001, a
 * gap of 0.2 lets 31 k candidates in, one of 0.02 2 k; but how much of a gap
 * the noise of the threshold needs depends on k and on the trainer. So the gap
 * adapts: a second sweep doubles it, and too many candidates narrow it, slowly
 * enough that fewer than 2 sweeps in 100 are second ones.
 */
#define WIDEST      0.5
#define WIDEN       2.0
#define NARROW      0.99
#define NARROW_FAST 0.8 /* as long as there are far too many */
#define MANY        1.5 /* times k */
#define FAR_MANY    SPAR_SWEEP_MANY

uint64_t spar_select_exact_guess(const spar_selector_t *selector,
                                 const spar_layer_t *layer, size_t k)
{
    uint64_t key = SPAR_SWEEP_NONZERO;

    /* A larger k needs a threshold that nothing is known of. */
    if (k <= selector->last_k) {
        key =
            spar_sweep_key(layer, (1.0 - selector->gap) * selector->threshold);
    }
    return key < SPAR_SWEEP_NONZERO ? SPAR_SWEEP_NONZERO : key;
}

/* Where there are no k candidates, `least` is 0. */
void spar_select_exact_adapt(spar_selector_t *selector, size_t k,
                             const spar_found_t *found)
{
    double share = (double)found->candidates / (double)k;

    if (k != selector->last_k) {
        return;
    }
    if (found->least == 0) {
        selector->gap *= WIDEN;
        selector->gap = selector->gap > WIDEST ? WIDEST : selector->gap;
    } else if (share > FAR_MANY) {
        selector->gap *= NARROW_FAST;
    } else if (share > MANY) {
        selector->gap *= NARROW;
    }
}

/* With all elements for candidates. */
static spar_status_t sweep_again(const spar_layer_t *layer, size_t k,
                                 spar_selection_t *selection,
                                 spar_found_t *found_p)
{
    spar_layer_t again = *layer;

    if (layer->sum != NULL) {
        again.gradient = layer->sum;
        again.residual = NULL;
        again.sum = NULL;
    }
    return spar_sweep_largest(&again, k, SPAR_SWEEP_NONZERO, selection,
                              found_p);
}

spar_status_t spar_select_exact(spar_selector_t *selector,
                                const spar_layer_t *layer, size_t k,
                                spar_selection_t *selection)
{
    uint64_t floor = spar_select_exact_guess(selector, layer, k);
    spar_found_t found;
    spar_status_t status =
        spar_sweep_largest(layer, k, floor, selection, &found);

    if (status != SPAR_OK || selection->nonfinite) {
        return status;
    }
    if (floor > SPAR_SWEEP_NONZERO) {
        spar_select_exact_adapt(selector, k, &found);
        if (found.least == 0) {
            status = sweep_again(layer, k, selection, &found);
        }
    }
    /* The scratch has its room by now, so that the second sweep cannot fail. */
    selector->threshold = spar_sweep_magnitude(layer, found.least);
    selector->last_k = k;
    return status;
}
