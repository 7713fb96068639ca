#include "sparsify/selectors.h"

/* Tries with the scratch that is there: from one step to the next, a layer
 * has about as many non-zero entries. */
spar_status_t spar_select_nonzero(const spar_layer_t *layer,
                                  spar_selection_t *selection)
{
    return spar_sweep_all(layer, SPAR_SWEEP_NONZERO, 1, selection);
}
