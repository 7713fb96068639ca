#include "base/log.h"
#include "pmpi/engine.h"
#include "pmpi/plan.h"
#include "pmpi/post.h"
#include "pmpi/resident.h"
#include "pmpi/state.h"
#include "pmpi/state_held.h"
#include "sparsify/residual.h"

#include <stdlib.h>

const char *spar_state_held_load(spar_state_file_comm_t *comm)
{
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        spar_state_file_layer_t *layer = &comm->layers[i];
        const char *cause = NULL;

        if (!layer->owes) {
            continue;
        }
        layer->residual = malloc(spar_state_file_bytes(layer));
        if (layer->residual == NULL) {
            spar_state_held_unload(comm);
            return "out of memory";
        }
        if (spar_state_file_load(spar_state_held.file, layer, layer->residual,
                                 &cause) != SPAR_OK) {
            spar_state_held_unload(comm);
            return cause;
        }
    }
    return NULL;
}

void spar_state_held_unload(spar_state_file_comm_t *comm)
{
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        free(comm->layers[i].residual);
        comm->layers[i].residual = NULL;
    }
}

static spar_state_file_comm_t *find_saved(const spar_comm_t *comm)
{
    spar_state_file_t *content = &spar_state_held.content;

    for (size_t i = 0; i < content->comm_count; i++) {
        spar_state_file_comm_t *saved = &content->comms[i];

        if (saved->key == comm->state_key && !saved->used &&
            saved->size == (uint32_t)comm->size &&
            saved->rank == (uint32_t)comm->rank) {
            return saved;
        }
    }
    return NULL;
}

static bool are_alike(const spar_layer_t *layer,
                      const spar_state_file_layer_t *saved)
{
    return layer->element == saved->dtype && layer->count == saved->count;
}

/* The first layer that is not the one saved in its place; all of them: each
 * is. */
static size_t find_other(const spar_comm_t *comm,
                         const spar_state_file_comm_t *saved, size_t shift)
{
    size_t i = 0;

    while (i < comm->layer_count &&
           are_alike(&comm->layers[i],
                     &saved->layers[(i + shift) % saved->layer_count])) {
        i++;
    }
    return i;
}

static void tell_other(const spar_comm_t *comm,
                       const spar_state_file_comm_t *saved,
                       spar_state_offer_t *offer)
{
    size_t i = find_other(comm, saved, 0);
    const spar_layer_t *layer = &comm->layers[i];
    const spar_state_file_layer_t *other = &saved->layers[i];

    snprintf(offer->cause, sizeof(offer->cause),
             "layer %zu has %llu %s elements, saved were %llu %s", i,
             (unsigned long long)layer->count, spar_dtype_name(layer->element),
             (unsigned long long)other->count, spar_dtype_name(other->dtype));
}

/* A step may have been learnt from another of its calls on. */
static void find_shift(const spar_comm_t *comm, spar_state_offer_t *offer)
{
    const spar_state_file_comm_t *saved = offer->saved;
    unsigned fits = 0;

    if (comm->layer_count != saved->layer_count) {
        snprintf(offer->cause, sizeof(offer->cause),
                 "the step has %zu layers, saved were %u", comm->layer_count,
                 saved->layer_count);
        return;
    }
    for (size_t shift = 0; shift < comm->layer_count; shift++) {
        if (find_other(comm, saved, shift) == comm->layer_count) {
            offer->shift = (int32_t)shift;
            fits++;
        }
    }
    if (fits == 0) {
        tell_other(comm, saved, offer);
    } else if (fits > 1) {
        snprintf(offer->cause, sizeof(offer->cause),
                 "the step looks the same from several of its calls on, so it "
                 "cannot be told which layer is which");
    }
}

/* What is owed needs a sparse exchange, if only to be flushed. */
static void check_layers(const spar_comm_t *comm, spar_state_offer_t *offer)
{
    for (size_t i = 0; i < comm->layer_count && offer->cause[0] == '\0'; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        if (!spar_plan_fits(layer, comm->size) ||
            (layer->nonblocking && !spar_post_takes_requests())) {
            snprintf(offer->cause, sizeof(offer->cause),
                     "layer %zu cannot be exchanged sparsely in this job", i);
        }
    }
}

/* A positive number of at most 52 bits that stands for what was saved, but for
 * the residuals themselves. */
static double digest(const spar_state_file_comm_t *saved)
{
    const spar_state_file_origin_t *origin = &spar_state_held.content.origin;
    uint64_t hash = spar_state_mix(origin->run, origin->save);

    hash = spar_state_mix(spar_state_mix(hash, saved->key), saved->stamp);
    hash = spar_state_mix(hash, saved->rescale_due);
    hash = spar_state_mix(hash, (uint64_t)saved->rest.end);
    hash = spar_state_mix(hash, saved->rest.steps);
    for (uint32_t i = 0; i < saved->layer_count; i++) {
        const spar_state_file_layer_t *layer = &saved->layers[i];

        hash = spar_state_mix(hash, layer->count);
        hash = spar_state_mix(hash, 2u * layer->dtype + layer->owes);
    }
    return (double)((hash >> 12) + 1);
}

size_t spar_state_offer(spar_comm_t *comm, double *values)
{
    spar_state_offer_t *offer = &comm->negotiation->offer;

    if (spar_state_held.file == NULL) {
        return 0;
    }
    pthread_mutex_lock(&spar_state_held.lock);
    *offer = (spar_state_offer_t){.saved = find_saved(comm)};
    values[0] = 0;
    if (offer->saved != NULL) {
        find_shift(comm, offer);
        check_layers(comm, offer);
        if (offer->cause[0] == '\0') {
            const char *cause = spar_state_held_load(offer->saved);

            snprintf(offer->cause, sizeof(offer->cause), "%s",
                     cause != NULL ? cause : "");
        }
        /* The least of those that cannot is the first of the ranks. */
        values[0] = offer->cause[0] == '\0' ? digest(offer->saved)
                                            : comm->rank - comm->size;
    }
    values[1] = -values[0];
    pthread_mutex_unlock(&spar_state_held.lock);
    return SPAR_STATE_VALUES;
}

static bool has_room(const spar_comm_t *comm)
{
    bool pieces = false;

    for (size_t i = 0; i < comm->layer_count; i++) {
        pieces = pieces || comm->layers[i].piece_count > 1;
    }
    return !pieces || comm->has_machines;
}

/* One of the ranks says why nobody restores anything; none, if there was
 * nothing. */
static void refuse(const spar_comm_t *comm, const double *values)
{
    int first = values[0] < 0 ? comm->size + (int)values[0] : 0;
    const char *cause = comm->negotiation->offer.cause;

    if (comm->rank != first || (values[0] == 0 && values[1] == 0)) {
        return;
    }
    if (values[0] == 0) {
        cause = "not all of its ranks have saved it";
    } else if (values[0] > 0) {
        cause = values[0] == -values[1]
                    ? "out of memory for large layers"
                    : "its ranks have saved it at different calls; each has to "
                      "call MPI_Pcontrol(3) at the same place";
    }
    spar_warn("the residuals of communicator %d are not restored: %s",
              comm->number, cause);
}

/* The unit of what was saved goes on to be known by it. Calls of the earlier
 * run have a vote only on what was due then: the first step here may be seen
 * from its middle on, and the scale may have changed. */
static void hand_over_loss_scale(spar_layer_t *layer,
                                 const spar_state_file_layer_t *saved, bool due)
{
    if (!spar_rescale_is_on() || layer->loss_scale.count > 0) {
        return;
    }
    layer->loss_scale = saved->loss_scale;
    if (!due) {
        spar_loss_scale_drop(&layer->loss_scale);
    }
}

/* The next step begins with the agreement that was due when it was saved; rests
 * go on, counted in this job's steps. */
static void take_rescale(spar_comm_t *comm, const spar_state_file_comm_t *saved)
{
    spar_rescale_t *rescale = &comm->rescale;

    if (!spar_rescale_is_on()) {
        return;
    }
    rescale->due = rescale->due || saved->rescale_due;
    if (rescale->rest.steps == 0) {
        rescale->rest = spar_loss_scale_rest_shift(&saved->rest,
                                                   (int64_t)comm->steps.begun);
    }
}

/* Into what may be there already, after a sequence was learnt again. */
static void hand_over(spar_layer_t *layer, spar_state_file_layer_t *saved)
{
    if (layer->residual == NULL) {
        layer->residual = saved->residual;
    } else {
        spar_resident_evict(layer);
        spar_residual_commit(layer->dtype, layer->residual, saved->residual,
                             NULL, 0, layer->count);
        free(saved->residual);
    }
    saved->residual = NULL;
    layer->owes = true;
    /* A flush that was asked for before holds for it, too. */
    layer->flushed_epoch = 0;
}

static void adopt(spar_comm_t *comm, const spar_state_offer_t *offer)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_state_file_layer_t *saved =
            &offer->saved
                 ->layers[(i + (size_t)offer->shift) % comm->layer_count];

        hand_over_loss_scale(&comm->layers[i], saved,
                             offer->saved->rescale_due);
        if (saved->owes) {
            bytes += spar_layer_bytes(&comm->layers[i]);
            hand_over(&comm->layers[i], saved);
        }
    }
    take_rescale(comm, offer->saved);
    offer->saved->used = true;
    spar_state_held.restored += bytes;
    spar_info("restored %.3g MB of residuals on communicator %d, of run "
              "%016llx",
              1e-6 * (double)bytes, comm->number,
              (unsigned long long)spar_state_held.content.origin.run);
}

void spar_state_take(spar_comm_t *comm, const double *values)
{
    spar_state_offer_t *offer = &comm->negotiation->offer;

    if (spar_state_held.file == NULL) {
        return;
    }
    pthread_mutex_lock(&spar_state_held.lock);
    if (values[0] > 0 && values[0] == -values[1] && has_room(comm)) {
        adopt(comm, offer);
    } else {
        refuse(comm, values);
        if (offer->saved != NULL) {
            spar_state_held_unload(offer->saved);
        }
    }
    pthread_mutex_unlock(&spar_state_held.lock);
}
