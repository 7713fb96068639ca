#include "pmpi/inherit.h"

#include "pmpi/fresh.h"

#include <stdlib.h>

static bool alike(const spar_layer_t *a, const spar_layer_t *b)
{
    return a->dtype == b->dtype && a->count == b->count;
}

static size_t count_alike(const spar_layer_t *layers, size_t count,
                          const spar_layer_t *wanted)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found += alike(&layers[i], wanted);
    }
    return found;
}

static bool fits_rotated(const spar_comm_t *comm, const spar_layer_t *old,
                         size_t shift)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        if (!alike(&comm->layers[i], &old[(i + shift) % comm->layer_count])) {
            return false;
        }
    }
    return true;
}

/* The same step as before, perhaps from another first call on: by how many
 * layers it is shifted; -1: another step, or not clear. */
static int32_t find_shift(const spar_comm_t *comm, const spar_layer_t *old,
                          size_t old_count)
{
    int32_t found = -1;

    for (size_t shift = 0; old_count == comm->layer_count && shift < old_count;
         shift++) {
        if (fits_rotated(comm, old, shift)) {
            if (found >= 0) {
                return -1;
            }
            found = (int32_t)shift;
        }
    }
    return found;
}

static size_t count_here(const spar_layer_t *layers, size_t count,
                         const spar_layer_t *wanted)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found +=
            alike(&layers[i], wanted) && layers[i].address == wanted->address;
    }
    return found;
}

/* The old layer that this one continues; -1: none. */
static int32_t find_origin(const spar_comm_t *comm, const spar_layer_t *layer,
                           const spar_layer_t *old, size_t old_count)
{
    bool only = count_alike(old, old_count, layer) == 1 &&
                count_alike(comm->layers, comm->layer_count, layer) == 1;
    bool only_here = count_here(old, old_count, layer) == 1 &&
                     count_here(comm->layers, comm->layer_count, layer) == 1;

    for (size_t j = 0; j < old_count; j++) {
        if (alike(layer, &old[j]) &&
            (only || (only_here && layer->address == old[j].address))) {
            return (int32_t)j;
        }
    }
    return -1;
}

void spar_inherit_find(spar_comm_t *comm)
{
    const spar_layer_t *old = comm->negotiation->old_layers;
    size_t old_count = comm->negotiation->old_count;
    int32_t *origins = comm->negotiation->judgement.origins;
    int32_t shift = find_shift(comm, old, old_count);

    for (size_t i = 0; i < comm->layer_count; i++) {
        origins[i] = shift >= 0
                         ? (int32_t)((i + (size_t)shift) % old_count)
                         : find_origin(comm, &comm->layers[i], old, old_count);
    }
}

static void move(spar_layer_t *to, spar_layer_t *from)
{
    to->residual = from->residual;
    spar_fresh_move(to, from);
    to->loss_scale = from->loss_scale;
    to->owes = true;
    to->flushed_epoch = from->flushed_epoch;
    from->residual = NULL;
    from->owes = false;
}

void spar_inherit_apply(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    const int32_t *origins = negotiation->judgement.origins;
    spar_layer_t *old = negotiation->old_layers;

    for (size_t i = 0; i < comm->layer_count; i++) {
        if (origins[i] >= 0 && old[origins[i]].owes) {
            move(&comm->layers[i], &old[origins[i]]);
        }
    }
    for (size_t j = 0; j < negotiation->old_count; j++) {
        spar_layer_retire(&old[j], "the sequence of calls changed");
        spar_layer_destroy(&old[j]);
    }
    free(old);
    negotiation->old_layers = NULL;
    negotiation->old_count = 0;
}
