#include "pmpi/fresh.h"

#include "pmpi/engine.h"
#include "policy/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Elements of the smallest such layer: others stay in the caches between
 * selection and update (docs/decisions.md). */
#define LEAST_COUNT (512u * 1024u)

/* Bytes of all layers; communicators may be advanced by different threads. */
static atomic_uint_fast64_t taken;

static bool pays(const spar_layer_t *layer)
{
    return layer->count >= LEAST_COUNT && layer->select == SPAR_SELECT_EXACT &&
           !spar_engine_is_shadow();
}

void spar_fresh_prepare(spar_layer_t *layer)
{
    size_t bytes = spar_layer_bytes(layer);
    uint64_t before;

    if (layer->fresh_asked || !pays(layer)) {
        return;
    }
    layer->fresh_asked = true;
    before = atomic_fetch_add(&taken, bytes);
    if (spar_memory_affords(spar_memory_available(""), spar_engine.node_ranks,
                            before, bytes)) {
        layer->fresh = malloc(bytes);
    }
    if (layer->fresh == NULL) {
        atomic_fetch_sub(&taken, bytes);
    }
}

bool spar_fresh_demand(spar_layer_t *layer)
{
    size_t bytes = spar_layer_bytes(layer);

    if (layer->fresh == NULL) {
        layer->fresh = malloc(bytes);
        layer->fresh_asked = true;
        atomic_fetch_add(&taken, layer->fresh != NULL ? bytes : 0);
    }
    return layer->fresh != NULL;
}

void spar_fresh_take(spar_layer_t *layer)
{
    void *residual = layer->residual;

    if (layer->fresh != NULL) {
        layer->residual = layer->fresh;
        layer->fresh = residual;
    }
}

void spar_fresh_move(spar_layer_t *to, spar_layer_t *from)
{
    to->fresh = from->fresh;
    to->fresh_asked = from->fresh_asked;
    from->fresh = NULL;
    from->fresh_asked = false;
}

void spar_fresh_cleanup(spar_layer_t *layer)
{
    if (layer->fresh != NULL) {
        atomic_fetch_sub(&taken, spar_layer_bytes(layer));
    }
    free(layer->fresh);
    layer->fresh = NULL;
    layer->fresh_asked = false;
}
