/* Spar: energies of the residuals where some are not known (policy/lags.h). */
#ifndef SPAR_POLICY_LAGS_ENERGY_H
#define SPAR_POLICY_LAGS_ENERGY_H

#include "policy/lags.h"

/* Energy per slope of the layers whose energy is known; 1 where none is. */
static inline double spar_lags_energy_unit(const spar_lags_layer_t *layers,
                                           size_t count)
{
    double energy = 0, slope = 0;

    for (size_t i = 0; i < count; i++) {
        if (layers[i].energy > 0) {
            energy += layers[i].energy;
            slope += layers[i].slope;
        }
    }
    return slope > 0 ? energy / slope : 1;
}

static inline double spar_lags_energy_of(const spar_lags_layer_t *layer,
                                         double unit)
{
    return layer->energy > 0 ? layer->energy : layer->slope * unit;
}

#endif
