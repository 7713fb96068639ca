#include "pmpi/check.h"

#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "pmpi/plan.h"
#include "pmpi/reach.h"
#include "policy/replicas.h"

#include <float.h>
#include <stdio.h>

enum {
    PHASE_COMPARE,  /* least and most of each item */
    PHASE_EVIDENCE, /* every rank's number of the first that differs */
    PHASE_OVER      /* rank 0 ends the job */
};

/* What is compared of each layer; an item for the communicator goes before. */
typedef enum kind {
    KIND_STATE,
    KIND_DENSITY,
    KIND_RESULT,
    KINDS
} kind_t;

/* So many numbers have room; ranks beyond are not named. */
#define MOST_NUMBERS                                                           \
    (sizeof(((spar_negotiation_t *)NULL)->values) / sizeof(double))

_Static_assert(2 * (1 + KINDS * SPAR_SEQUENCE_MAX_PERIOD) <= MOST_NUMBERS,
               "the items of the longest step fit into an agreement");

static bool is_checked(uint64_t step)
{
    uint64_t every = spar_engine.config.check_steps;

    return every > 0 && step > 0 && step % every == 0;
}

void spar_check_place(spar_op_t *op)
{
    op->checked = op->place.slot >= 0 && is_checked(op->comm->sequence->steps);
}

void spar_check_note(spar_op_t *op)
{
    spar_layer_t *layer = op->layer;
    const void *result;

    if (!op->checked) {
        return;
    }
    if (spar_engine_is_shadow()) {
        layer->digest =
            spar_replicas_digest(layer->shadow.out, spar_layer_bytes(layer));
        return;
    }
    result = spar_reach_read_result(op);
    layer->digest =
        result != NULL
            ? spar_replicas_digest(result, spar_layer_buffer_bytes(layer))
            : SPAR_REPLICAS_UNKNOWN;
}

bool spar_check_is_due(const spar_comm_t *comm)
{
    return spar_engine.config.mode != SPAR_MODE_DENSE &&
           is_checked(comm->sequence->steps - 1);
}

/* Everything that decides what the communicator's calls do, but for the layers'
 * own, of which the densities are. */
static double digest_plan(const spar_comm_t *comm)
{
    uint64_t state[] = {comm->plan,
                        comm->layer_count,
                        comm->sequence->steps,
                        comm->trial_rounds,
                        comm->probe_steps,
                        comm->pays_nowhere,
                        comm->has_machines,
                        comm->anonymous_exchanges,
                        comm->group_count,
                        0,
                        spar_periodic_digest(comm)};

    for (size_t i = 0; i < comm->group_count; i++) {
        const spar_group_t *group = &comm->groups[i];
        uint64_t all[] = {state[9],     group->first,   group->size,
                          group->count, group->method,  group->exchanges,
                          group->rest,  group->resumes, group->whole};

        state[9] = (uint64_t)spar_replicas_digest(all, sizeof(all));
    }
    return spar_replicas_digest(state, sizeof(state));
}

static double digest_state(const spar_layer_t *layer)
{
    const spar_trial_t *trial = &layer->trial;
    uint64_t state[9 + SPAR_TRIAL_CANDIDATES] = {
        layer->sparse, layer->natural,   layer->few,
        layer->owes,   layer->flush,     trial->method,
        trial->dense,  layer->exchanges, layer->second_look.resumes};

    for (uint32_t i = 0; i < trial->count; i++) {
        state[9 + i] = 1 + (uint64_t)trial->candidates[i];
    }
    return spar_replicas_digest(state, sizeof(state));
}

static double look_at(const spar_comm_t *comm, size_t item)
{
    const spar_layer_t *layer;

    if (item == 0) {
        return digest_plan(comm);
    }
    layer = &comm->layers[(item - 1) / KINDS];
    switch ((kind_t)((item - 1) % KINDS)) {
    case KIND_STATE:
        return digest_state(layer);
    case KIND_DENSITY:
        return spar_plan_density(comm, layer);
    default:
        return layer->digest;
    }
}

static size_t count_items(const spar_comm_t *comm)
{
    return 1 + KINDS * comm->layer_count;
}

void spar_check_begin(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    size_t items = count_items(comm);

    negotiation->phase = PHASE_COMPARE;
    for (size_t i = 0; i < items; i++) {
        spar_replicas_put(look_at(comm, i), negotiation->values + 2 * i);
    }
    spar_agree_min(comm, negotiation->values, 2 * items);
}

static size_t count_ranks(const spar_comm_t *comm)
{
    size_t ranks = (size_t)comm->size;

    return ranks < MOST_NUMBERS ? ranks : MOST_NUMBERS;
}

/* Each rank tells its number; all others are larger than any. */
static void ask_all(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    size_t ranks = count_ranks(comm);
    double mine = look_at(comm, negotiation->suspect);

    for (size_t i = 0; i < ranks; i++) {
        negotiation->values[i] = i == (size_t)comm->rank ? mine : DBL_MAX;
    }
    spar_agree_min(comm, negotiation->values, ranks);
}

/* What one rank could not read is left out on all of them. */
static void count_results(spar_comm_t *comm)
{
    const double *values = comm->negotiation->values;

    for (size_t i = 0; i < comm->layer_count; i++) {
        size_t item = 1 + KINDS * i + KIND_RESULT;

        if (!spar_replicas_known(values + 2 * item)) {
            comm->unchecked++;
        } else if (comm->layers[i].digest != SPAR_REPLICAS_NOTHING) {
            comm->checked++;
        }
        comm->layers[i].digest = SPAR_REPLICAS_NOTHING;
    }
}

/* true: all ranks have the same. */
static bool compare(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    negotiation->differences = 0;
    for (size_t i = 0; i < count_items(comm); i++) {
        if (spar_replicas_differ(negotiation->values + 2 * i)) {
            if (negotiation->differences++ == 0) {
                negotiation->suspect = i;
            }
        }
    }
    if (negotiation->differences > 0) {
        negotiation->phase = PHASE_EVIDENCE;
        ask_all(comm);
        return false;
    }
    count_results(comm);
    comm->checks++;
    return true;
}

static void name_item(const spar_comm_t *comm, size_t item, char *text,
                      size_t size)
{
    static const char *const names[KINDS] = {"state", "density", "result"};
    const spar_layer_t *layer;
    size_t slot = (item - 1) / KINDS;

    if (item == 0) {
        snprintf(text, size, "plan");
        return;
    }
    layer = &comm->layers[slot];
    snprintf(text, size, "%s of slot %zu (%llu %s, %s %s)",
             names[(item - 1) % KINDS], slot, (unsigned long long)layer->count,
             spar_dtype_name(layer->element),
             layer->sparse ? "sparse" : "dense",
             spar_method_name(layer->sparse ? layer->trial.method
                                            : layer->trial.dense));
}

static void end_job(const spar_comm_t *comm)
{
    const spar_negotiation_t *negotiation = comm->negotiation;
    size_t item = negotiation->suspect;
    bool digests = item == 0 || (item - 1) % KINDS != KIND_DENSITY;
    char name[96], more[48] = "", ranks[512];

    name_item(comm, item, name, sizeof(name));
    spar_replicas_describe(negotiation->values, count_ranks(comm), digests,
                           ranks, sizeof(ranks));
    if (negotiation->differences > 1) {
        snprintf(more, sizeof(more), ", and %zu more differences",
                 negotiation->differences - 1);
    }
    spar_error("SPAR_CHECK: in step %llu of communicator %d ranks differ in "
               "the %s: %s%s; the job ends",
               (unsigned long long)(comm->sequence->steps - 2), comm->number,
               name, ranks, more);
    spar_real.Abort(MPI_COMM_WORLD, SPAR_CHECK_EXIT_CODE);
}

bool spar_check_progress(spar_comm_t *comm)
{
    if (comm->negotiation->phase == PHASE_OVER || !spar_agree_is_done(comm)) {
        return false;
    }
    if (comm->negotiation->phase == PHASE_COMPARE) {
        return compare(comm);
    }
    comm->negotiation->phase = PHASE_OVER;
    if (comm->rank == 0) {
        end_job(comm); /* the other ranks wait for that */
    }
    return false;
}
