#include "sparsify/selectors.h"

spar_status_t spar_select_topk(const spar_layer_t *layer, size_t k,
                               spar_selection_t *selection)
{
    spar_found_t found;

    return spar_sweep_largest(layer, k, SPAR_SWEEP_NONZERO, selection, &found);
}
