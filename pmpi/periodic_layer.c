#include "pmpi/layer.h"

#include "base/log.h"
#include "pmpi/engine.h"

#include <stdlib.h>

void spar_periodic_layer_cleanup(spar_layer_t *layer)
{
    spar_average_cleanup(&layer->periodic.average);
    free(layer->periodic.carry);
    layer->periodic.carry = NULL;
    layer->periodic.is_owing = false;
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
    to->periodic.is_owing = from->periodic.is_owing;
    from->periodic.carry = NULL;
    from->periodic.is_owing = false;
}

size_t spar_periodic_layer_bytes(const spar_layer_t *layer)
{
    return spar_average_bytes(&layer->periodic.average) +
           (layer->periodic.carry != NULL ? spar_layer_bytes(layer) : 0);
}
