#include "pmpi/inherit.h"

#include "pmpi/fresh.h"
#include "pmpi/resident.h"

#include <stdlib.h>

static bool alike(const spar_layer_t *a, const spar_layer_t *b)
{
    return a->element == b->element && a->count == b->count;
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

/* The only layer that has always been in the same buffer as this one; -1:
 * none, or several. */
static int32_t find_here(const spar_layer_t *layers, size_t count,
                         const spar_layer_t *wanted)
{
    int32_t found = -1;

    for (size_t i = 0; i < count && !wanted->moved; i++) {
        if (alike(&layers[i], wanted) && !layers[i].moved &&
            layers[i].address == wanted->address) {
            if (found >= 0) {
                return -1;
            }
            found = (int32_t)i;
        }
    }
    return found;
}

/* The old layer in the buffer of the new one, and the other way round; -1:
 * that tells nothing. */
static int32_t find_by_buffer(const spar_layer_t *from, size_t from_count,
                              size_t i, const spar_layer_t *in, size_t in_count)
{
    int32_t found = find_here(in, in_count, &from[i]);

    return found >= 0 && find_here(from, from_count, &in[found]) == (int32_t)i
               ? found
               : -1;
}

/* The old layer of that type and count, if they occur once in both sequences;
 * -1: they do not. */
static int32_t find_only(const spar_comm_t *comm, const spar_layer_t *layer,
                         const spar_layer_t *old, size_t old_count)
{
    if (count_alike(old, old_count, layer) == 1 &&
        count_alike(comm->layers, comm->layer_count, layer) == 1) {
        for (size_t j = 0; j < old_count; j++) {
            if (alike(layer, &old[j])) {
                return (int32_t)j;
            }
        }
    }
    return -1;
}

/* The old layer that the new one, number i, continues; -1: none. */
static int32_t find_origin(const spar_comm_t *comm, size_t i,
                           const spar_layer_t *old, size_t old_count,
                           int32_t shift)
{
    int32_t only = find_only(comm, &comm->layers[i], old, old_count);
    int32_t here =
        find_by_buffer(comm->layers, comm->layer_count, i, old, old_count);
    size_t place;

    if (only >= 0 || shift < 0) {
        return only >= 0 ? only : here;
    }
    place = (i + (size_t)shift) % old_count;
    if (here >= 0) {
        return here == (int32_t)place ? here : -1;
    }
    return find_by_buffer(old, old_count, place, comm->layers,
                          comm->layer_count) < 0
               ? (int32_t)place
               : -1;
}

void spar_inherit_find(spar_comm_t *comm)
{
    const spar_layer_t *old = comm->negotiation->old_layers;
    size_t old_count = comm->negotiation->old_count;
    int32_t *origins = comm->negotiation->judgement.origins;
    int32_t shift = find_shift(comm, old, old_count);

    for (size_t i = 0; i < comm->layer_count; i++) {
        origins[i] = find_origin(comm, i, old, old_count, shift);
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
            spar_resident_evict(&old[origins[i]]);
            move(&comm->layers[i], &old[origins[i]]);
        }
        if (origins[i] >= 0) {
            spar_periodic_layer_move(&comm->layers[i], &old[origins[i]]);
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
