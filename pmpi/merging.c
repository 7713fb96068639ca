#include "pmpi/merging.h"

#include "base/log.h"
#include "pmpi/ab.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/half.h"
#include "policy/merging.h"

#include <stdlib.h>

/* Steps of the first rest. Rests double: an application that cannot let its
 * layers wait for each other parts a group a dozen times in a long run, while
 * one hold-up of one rank costs no more than this. */
#define FIRST_REST 4

/* Layers with few non-zeros change between two reviews what they send. */
static bool changes_selection(const spar_layer_t *layer)
{
    return layer->few || layer->natural || layer->crowded;
}

static spar_merging_call_t describe(const spar_layer_t *layer)
{
    unsigned method = SPAR_METHOD_BIT(layer->trial.method);

    return (spar_merging_call_t){
        .eligible = layer->sparse && layer->nonblocking &&
                    layer->piece_count == 1 && !changes_selection(layer) &&
                    !spar_half_is(layer) && !layer->far &&
                    (method & SPAR_METHOD_SPARSE) != 0,
        .dtype = layer->dtype,
        .method = layer->trial.method,
        .count = layer->count};
}

static size_t find_runs(const spar_comm_t *comm, spar_merging_run_t *runs)
{
    spar_merging_call_t calls[SPAR_SEQUENCE_MAX_PERIOD];

    if (spar_engine.config.merge == SPAR_CONFIG_MERGE_OFF ||
        spar_engine_is_shadow()) {
        return 0;
    }
    for (size_t i = 0; i < comm->layer_count; i++) {
        calls[i] = describe(&comm->layers[i]);
    }
    return spar_merging_find(calls, comm->layer_count, runs);
}

/* Whether the groups are these already; then they keep what they know. */
static bool are_there(const spar_comm_t *comm, const spar_merging_run_t *runs,
                      size_t count)
{
    bool same = count == comm->group_count;

    for (size_t i = 0; same && i < count; i++) {
        const spar_group_t *group = &comm->groups[i];

        same = group->first == runs[i].first && group->size == runs[i].size &&
               group->method == comm->layers[group->first].trial.method;
    }
    return same;
}

void spar_merging_drop(spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->group_count; i++) {
        spar_piece_cleanup(&comm->groups[i].piece);
    }
    free(comm->groups);
    comm->groups = NULL;
    comm->group_count = 0;
}

static void set_up(const spar_comm_t *comm, const spar_merging_run_t *run,
                   spar_group_t *group)
{
    const spar_layer_t *layers = &comm->layers[run->first];

    *group = (spar_group_t){.first = run->first,
                            .size = run->size,
                            .method = layers[0].trial.method,
                            .rest = FIRST_REST};
    for (size_t i = 0; i < run->size; i++) {
        group->count += layers[i].count;
    }
    spar_piece_init(&group->piece, layers[0].select, layers[0].dtype,
                    group->count, 0, 1);
}

void spar_merging_plan(spar_comm_t *comm)
{
    spar_merging_run_t runs[SPAR_SEQUENCE_MAX_PERIOD / 2];
    size_t count = find_runs(comm, runs);

    if (are_there(comm, runs, count)) {
        return;
    }
    spar_merging_drop(comm);
    if (count == 0) {
        return;
    }
    comm->groups = calloc(count, sizeof(*comm->groups));
    if (comm->groups == NULL) {
        /* The other ranks will merge. */
        spar_error("out of memory: %zu groups of layers cannot be managed",
                   count);
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        set_up(comm, &runs[i], &comm->groups[i]);
    }
    comm->group_count = count;
}

spar_group_t *spar_merging_find_group(const spar_comm_t *comm, size_t slot)
{
    uint64_t step = comm->sequence->steps;

    if (spar_ab_is_dense(comm)) {
        return NULL;
    }
    /* Trials take each layer's own method. */
    for (size_t i = 0;
         i < comm->group_count && step > spar_choose_settled_step(comm); i++) {
        spar_group_t *group = &comm->groups[i];

        if (group->first == slot && step >= group->resumes) {
            return group;
        }
    }
    return NULL;
}

void spar_merging_note_parted(spar_group_t *group, uint64_t step)
{
    group->resumes = step + group->rest;
    group->rest *= 2;
    group->whole = 0;
}

void spar_merging_note_whole(spar_group_t *group)
{
    group->whole++;
    if (group->whole >= group->rest) {
        group->rest = FIRST_REST;
    }
}
