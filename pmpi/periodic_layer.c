#include "pmpi/layer.h"

#include "base/log.h"
#include "pmpi/engine.h"

#include <stdlib.h>

void spar_periodic_layer_cleanup(spar_layer_t *layer)
{
    spar_average_cleanup(&layer->periodic.average);
    free(layer->periodic.carry);
    free(layer->periodic.before);
    layer->periodic.carry = layer->periodic.before = NULL;
    layer->periodic.is_owing = layer->periodic.has_changed = false;
}

bool spar_periodic_layer_reserve(spar_layer_t *layer)
{
    spar_periodic_layer_t *periodic = &layer->periodic;
    size_t size = spar_dtype_size(layer->dtype);

    if (periodic->carry == NULL) {
        periodic->carry = calloc(layer->count, size);
    }
    if (periodic->before == NULL) {
        periodic->before = calloc(layer->count, size);
    }
    return periodic->carry != NULL && periodic->before != NULL;
}

static void swap(spar_periodic_layer_t *periodic)
{
    void *carry = periodic->carry;

    periodic->carry = periodic->before;
    periodic->before = carry;
}

const void *spar_periodic_layer_change(spar_layer_t *layer)
{
    spar_periodic_layer_t *periodic = &layer->periodic;

    if (periodic->has_changed) {
        return periodic->carry;
    }
    swap(periodic);
    periodic->has_changed = true;
    periodic->was_owing = periodic->is_owing;
    return periodic->before;
}

bool spar_periodic_layer_owes(const spar_layer_t *layer, bool undo)
{
    const spar_periodic_layer_t *periodic = &layer->periodic;

    return periodic->has_changed && undo ? periodic->was_owing
                                         : periodic->is_owing;
}

void spar_periodic_layer_end_step(spar_layer_t *layer, bool undo)
{
    spar_periodic_layer_t *periodic = &layer->periodic;

    periodic->is_owing = spar_periodic_layer_owes(layer, undo);
    if (periodic->has_changed && undo) {
        swap(periodic);
    }
    periodic->has_changed = false;
    periodic->makes_up = periodic->makes_up && periodic->is_owing;
}

void spar_periodic_layer_retire(spar_layer_t *layer)
{
    if (layer->periodic.is_owing) {
        /* As on all ranks. */
        spar_log_write(
            spar_engine.rank == 0 ? SPAR_LOG_WARN : SPAR_LOG_INFO,
            "gradients that a layer of %llu elements had skipped are "
            "lost: replicas differ; MPI_Pcontrol(2) before the last step "
            "makes up for them",
            (unsigned long long)layer->count);
    }
    spar_periodic_layer_cleanup(layer);
    layer->periodic.on = false;
}

void spar_periodic_layer_move(spar_layer_t *to, spar_layer_t *from)
{
    to->periodic.carry = from->periodic.carry;
    to->periodic.before = from->periodic.before;
    to->periodic.is_owing = from->periodic.is_owing;
    from->periodic.carry = from->periodic.before = NULL;
    from->periodic.is_owing = false;
}

size_t spar_periodic_layer_bytes(const spar_layer_t *layer)
{
    return spar_average_bytes(&layer->periodic.average) +
           ((layer->periodic.carry != NULL) +
            (layer->periodic.before != NULL)) *
               spar_layer_bytes(layer);
}
