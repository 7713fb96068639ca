#include "pmpi/rounded.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "sparsify/quantise.h"

void spar_rounded_settle(spar_config_t *config)
{
    if (config->mode == SPAR_MODE_QUANTISED &&
        config->values == SPAR_CONFIG_VALUES_FP32) {
        spar_warn("SPAR_MODE=quantised with SPAR_VALUES=fp32 rounds nothing: "
                  "mode dense is used");
        config->mode = SPAR_MODE_DENSE;
    }
    if (config->mode == SPAR_MODE_QUANTISED &&
        config->exchange == SPAR_CONFIG_EXCHANGE_DENSE) {
        spar_warn("SPAR_MODE=quantised has an exchange of its own: "
                  "SPAR_EXCHANGE=dense is ignored");
        config->exchange = SPAR_CONFIG_EXCHANGE_AUTO;
    }
}

const char *spar_rounded_refusal(const spar_layer_t *layer)
{
    if (!spar_engine_is_quantised()) {
        return NULL;
    }
    return spar_values_size(layer->values) < sizeof(float)
               ? NULL
               : "only float32 travels with fewer bits";
}

uint32_t spar_rounded_prepare(const float *gradient, uint64_t count,
                              spar_selection_t *selection)
{
    selection->count = 0;
    return spar_quantise_is_finite(gradient, count) ? 0 : SPAR_WIRE_NONFINITE;
}
