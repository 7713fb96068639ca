#include "pmpi/layer.h"

#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/fresh.h"
#include "pmpi/half.h"
#include "pmpi/reach.h"
#include "pmpi/resident.h"
#include "policy/density.h"
#include "sparsify/residual.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static spar_selector_kind_t selector_kind(const spar_config_t *config)
{
    if (config->mode == SPAR_MODE_LOSSLESS ||
        config->mode == SPAR_MODE_QUANTISED) {
        return SPAR_SELECT_NONZERO; /* without a residual */
    }
    switch ((spar_config_select_t)config->select) {
    case SPAR_CONFIG_SELECT_GAUSSIAN:
        return SPAR_SELECT_GAUSSIAN;
    case SPAR_CONFIG_SELECT_TOPK:
        return SPAR_SELECT_TOPK;
    case SPAR_CONFIG_SELECT_EXACT:
        break;
    }
    return SPAR_SELECT_EXACT;
}

static spar_values_t values_kind(const spar_config_t *config,
                                 spar_dtype_t dtype)
{
    if (config->mode == SPAR_MODE_LOSSLESS || dtype != SPAR_DTYPE_F32) {
        return spar_values_native(dtype);
    }
    switch ((spar_config_values_t)config->values) {
    case SPAR_CONFIG_VALUES_FP32:
        return SPAR_VALUES_F32;
    case SPAR_CONFIG_VALUES_FP16:
        return SPAR_VALUES_FP16;
    case SPAR_CONFIG_VALUES_INT8:
        return SPAR_VALUES_INT8;
    case SPAR_CONFIG_VALUES_BF16:
        break;
    }
    return SPAR_VALUES_BF16;
}

void spar_layer_init(spar_layer_t *layer, const spar_config_t *config,
                     spar_dtype_t dtype, uint64_t count)
{
    memset(layer, 0, sizeof(*layer));
    layer->dtype = spar_dtype_wide(dtype);
    layer->element = dtype;
    layer->count = count;
    layer->unsent_share = -1;
    layer->density = spar_density_at(config, 0);
    layer->values = values_kind(config, layer->dtype);
    layer->select = selector_kind(config);
    layer->piece_count = 1;
    spar_piece_init(&layer->piece, layer->select, layer->dtype, count, 0, 1);
}

bool spar_layer_cut(spar_layer_t *layer)
{
    /* Without a selection there is nothing to overlap with. */
    unsigned number =
        spar_engine_is_quantised() ? 1 : spar_piece_number(layer->count);

    if (number == 1) {
        return true;
    }
    layer->more = calloc(number - 1, sizeof(*layer->more));
    if (layer->more == NULL) {
        return false;
    }
    layer->piece_count = number;
    for (unsigned i = 0; i < number; i++) {
        spar_piece_init(spar_layer_piece(layer, i), layer->select, layer->dtype,
                        layer->count, i, number);
    }
    return true;
}

void spar_layer_forget_room(spar_layer_t *layer, unsigned methods)
{
    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_piece_forget_room(spar_layer_piece(layer, i), methods);
    }
}

static void select_by(spar_layer_t *layer, spar_selector_kind_t kind)
{
    layer->select = kind;
    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_piece_t *piece = spar_layer_piece(layer, i);

        spar_selector_init(&piece->selector, kind, layer->dtype, piece->count);
    }
}

void spar_layer_make_natural(spar_layer_t *layer)
{
    spar_layer_cleanup(layer);
    layer->few = false;
    layer->natural = true;
    layer->values = spar_values_native(layer->dtype);
    layer->why = "few non-zeros: all are sent, exactly";
    select_by(layer, SPAR_SELECT_NONZERO);
    spar_layer_forget_room(layer, SPAR_METHOD_ALL);
}

void spar_layer_make_selective(spar_layer_t *layer, const spar_config_t *config)
{
    layer->natural = false;
    layer->crowded = true;
    layer->values = values_kind(config, layer->dtype);
    layer->why = "had few non-zeros, but not always";
    select_by(layer, selector_kind(config));
    spar_layer_forget_room(layer, SPAR_METHOD_ALL);
}

void spar_layer_rescale(spar_layer_t *layer, int exponent)
{
    if (layer->residual != NULL && spar_resident_leave(layer)) {
        spar_residual_rescale(layer->dtype, layer->residual, layer->count,
                              exponent);
    }
    layer->sent_norm2 = ldexp(layer->sent_norm2, 2 * exponent);
    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_piece_rescale(spar_layer_piece(layer, i), exponent);
    }
}

void spar_layer_cleanup(spar_layer_t *layer)
{
    spar_resident_drop(layer);
    spar_fresh_cleanup(layer);
    free(layer->residual);
    layer->residual = NULL;
}

void spar_layer_destroy(spar_layer_t *layer)
{
    spar_layer_cleanup(layer);
    spar_half_cleanup(layer);
    spar_reach_cleanup(layer);
    for (unsigned i = 0; i < layer->piece_count; i++) {
        spar_piece_cleanup(spar_layer_piece(layer, i));
    }
    spar_shadow_cleanup(layer);
    spar_periodic_layer_cleanup(layer);
    layer->piece_count = 0;
    free(layer->more);
    layer->more = NULL;
}

double spar_layer_unsent_share(const spar_layer_t *layer)
{
    double kept, all;

    if (layer->residual == NULL || !layer->owes ||
        !spar_resident_fetch(layer)) {
        return layer->unsent_share;
    }
    kept = spar_residual_norm2(layer->dtype, layer->residual, layer->count);
    all = kept + layer->sent_norm2;
    return all > 0 ? kept / all : 0;
}

void spar_layer_retire(spar_layer_t *layer, const char *reason)
{
    layer->unsent_share = spar_layer_unsent_share(layer);
    if (layer->owes && !spar_engine_is_shadow()) {
        /* All ranks owe about as much. */
        spar_log_write(
            spar_engine.rank == 0 ? SPAR_LOG_WARN : SPAR_LOG_INFO,
            "a layer of %llu elements had %.0f %% of its gradient "
            "(by energy) still to send when %s; MPI_Pcontrol(2) before "
            "the last step delivers it",
            (unsigned long long)layer->count, 100 * layer->unsent_share,
            reason);
    }
    spar_layer_cleanup(layer);
    spar_half_cleanup(layer);
    spar_reach_cleanup(layer);
    spar_shadow_cleanup(layer);
    spar_periodic_layer_retire(layer);
    layer->owes = false;
}

uint64_t spar_layer_most_entries(const spar_layer_t *layer, uint64_t count,
                                 double density)
{
    bool bounded = layer->natural || layer->select == SPAR_SELECT_EXACT ||
                   layer->select == SPAR_SELECT_TOPK;

    return bounded ? spar_density_entries(density, count) : count;
}

size_t spar_layer_bytes(const spar_layer_t *layer)
{
    return layer->count * spar_dtype_size(layer->dtype);
}

size_t spar_layer_buffer_bytes(const spar_layer_t *layer)
{
    return layer->count * spar_dtype_size(layer->element);
}

size_t spar_layer_residual_bytes(const spar_layer_t *layer)
{
    size_t arrays = (layer->residual != NULL) + (layer->fresh != NULL);

    return arrays * spar_layer_bytes(layer);
}

void spar_layer_drop_samples(spar_layer_t *layer)
{
    memset(layer->samples, 0, sizeof(layer->samples));
}
