#include "pmpi/plan.h"

#include "base/log.h"
#include "base/smaller.h"
#include "pmpi/agree.h"
#include "pmpi/choose.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "pmpi/guards.h"
#include "pmpi/half.h"
#include "pmpi/inherit.h"
#include "pmpi/reach.h"
#include "policy/density.h"
#include "sparsify/wire.h"

#include <stdlib.h>

/* Probes, and reviews until densities by a rule have come to rest. */
#define SETTLING_STEPS 24

enum {
    PHASE_JUDGEMENT, /* rank 0's judgement of the period travels */
    PHASE_TIMES,     /* seconds of dense calls and of selection */
    PHASE_LATENCY,   /* some small exchanges are timed */
    PHASE_PROPOSAL   /* rank 0's proposal of methods travels */
};

/* Entries of a rank leave as one message per peer, of at most 2^31 - 1 bytes,
 * and so do those of all ranks together. */
bool spar_plan_fits(const spar_layer_t *layer, int ranks)
{
    const spar_config_t *config = &spar_engine.config;
    uint64_t count = layer->piece.count; /* others are no larger */
    bool in_chunks = spar_engine_is_quantised();
    uint64_t entries = spar_smaller_product(
        spar_layer_most_entries(layer, count, spar_density_most(config)),
        (uint64_t)ranks, count);

    return count <= UINT32_MAX &&
           (in_chunks ||
            spar_wire_payload_bound(spar_values_native(layer->dtype), count,
                                    entries) < INT32_MAX);
}

static void replace_layers(spar_comm_t *comm)
{
    size_t count = comm->sequence->period;
    spar_layer_t *layers = calloc(count, sizeof(*layers));
    bool ok = layers != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        spar_layer_init(&layers[i], &spar_engine.config,
                        comm->sequence->slots[i].element,
                        comm->sequence->slots[i].count);
        ok = spar_layer_cut(&layers[i]) && ok;
        layers[i].address = spar_sequence_address(comm->sequence, i);
        layers[i].moved = spar_sequence_has_moved(comm->sequence, i);
        layers[i].flushed_epoch = atomic_load(&spar_engine.flush_epoch);
    }
    if (!ok) {
        spar_error("out of memory: %zu layers cannot be managed", count);
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    comm->negotiation->old_layers = comm->layers;
    comm->negotiation->old_count = comm->layer_count;
    comm->layers = layers;
    comm->layer_count = count;
    comm->densities = (spar_densities_t){0};
}

static bool may_ring(void)
{
    const spar_config_t *config = &spar_engine.config;

    return config->exchange == SPAR_CONFIG_EXCHANGE_DENSE ||
           (spar_engine_picks_dense() &&
            config->dense != SPAR_CONFIG_DENSE_MPI);
}

/* The ring's scratch must be there on all ranks or not be used at all. */
static bool reserve_ring(spar_comm_t *comm)
{
    bool ok = true;

    for (size_t i = 0; may_ring() && i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        ok = ok && (spar_half_is(layer) ||
                    spar_ring_reserve(comm->ring, layer->dtype, layer->count) ==
                        SPAR_OK);
    }
    return ok;
}

/* What the dense calls cost, how fast this rank selects, whether it has the
 * memory, and what it could restore: the least of all ranks holds. */
static void agree_on_times(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;
    size_t count = comm->layer_count;

    for (size_t i = 0; i < count; i++) {
        values[i] = spar_sequence_learnt_seconds(comm->sequence, i);
        comm->layers[i].nonblocking = comm->sequence->slots[i].nonblocking;
    }
    spar_forecast_share(comm, SPAR_FORECAST_ALL, values);
    values[count] = -spar_forecast_measure_scan(&comm->lanes[0].selection);
    values[count + 1] = reserve_ring(comm);
    values[count + 2] = spar_comm_make_machines(comm);
    count += 3;
    count += spar_half_tell(comm, values + count);
    count += spar_reach_tell(comm, values + count);
    count += spar_state_offer(comm, values + count);
    spar_agree_min(comm, values, count);
}

static void take_times(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;
    const double *values = negotiation->values;
    size_t count = comm->layer_count;

    for (size_t i = 0; i < count; i++) {
        /* Lossless calls are sparse while they are learnt from, too. */
        comm->layers[i].dense_seconds =
            spar_engine.config.mode == SPAR_MODE_LOSSLESS ? 0 : values[i];
        comm->layers[i].seconds[SPAR_METHOD_MPI] =
            comm->layers[i].dense_seconds;
    }
    comm->scan_seconds = -values[count];
    negotiation->ring_failed = values[count + 1] <= 0;
    comm->has_machines = values[count + 2] > 0;
    count += 3;
    count += spar_half_agree(comm, values + count);
    count += spar_reach_agree(comm, values + count);
    spar_state_take(comm, values + count);
}

/* Steps since the sequence is known, from 0. */
static uint64_t first_steady_step(void)
{
    uint64_t ramp = spar_density_has_rule(&spar_engine.config)
                        ? SETTLING_STEPS
                        : spar_density_ramp_end(&spar_engine.config) + 1;

    switch ((spar_mode_t)spar_engine.config.mode) {
    case SPAR_MODE_DENSE:
    case SPAR_MODE_OFF:
        return 0;
    case SPAR_MODE_PERIODIC:
        return spar_choose_watch_steps();
    case SPAR_MODE_AUTO:
    case SPAR_MODE_AB:
        return spar_choose_watch_steps() + ramp +
               SPAR_TRIAL_CANDIDATES * SPAR_TRIAL_STEPS;
    case SPAR_MODE_QUANTISED:
        return spar_choose_watch_steps() + 1;
    case SPAR_MODE_SPARSE:
    case SPAR_MODE_LOSSLESS:
    case SPAR_MODE_SHADOW:
        break;
    }
    return ramp;
}

/* On rank 0 before the others know it, on the others when they do. */
static void adopt(spar_comm_t *comm)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    negotiation->place =
        spar_sequence_adopt(comm->sequence, negotiation->judgement.period,
                            negotiation->judgement.first);
    replace_layers(comm);
    comm->plan++;
}

void spar_plan_begin(spar_comm_t *comm, size_t proposal)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    comm->proposal = proposal;
    spar_periodic_close(comm);
    if (comm->rank == 0) {
        size_t first;

        negotiation->judgement.period =
            spar_sequence_judge_again(comm->sequence, proposal, &first);
        negotiation->judgement.first = first;
        adopt(comm);
        spar_guards_look_at_calls(comm);
        spar_inherit_find(comm);
    }
    negotiation->phase = PHASE_JUDGEMENT;
    spar_agree_root(comm, &negotiation->judgement,
                    sizeof(negotiation->judgement));
}

void spar_plan_begin_proposal(spar_comm_t *comm)
{
    if (comm->rank == 0) {
        spar_choose_propose(comm);
    }
    spar_agree_root(comm, comm->negotiation->proposal,
                    comm->layer_count * sizeof(comm->negotiation->proposal[0]));
}

static void conclude(spar_comm_t *comm)
{
    comm->steps.count = 0;
    comm->steps.last_begin = 0;
    comm->timeline = (spar_timeline_t){0};
    comm->steps.steady_started = false;
    comm->steps.steady_steps = 0;
    comm->steps.steady_from = first_steady_step();
    spar_info("learnt a step of %zu calls on communicator %d (plan %u)",
              comm->layer_count, comm->number, comm->plan);
}

bool spar_plan_progress(spar_comm_t *comm, spar_sequence_place_t *place_p)
{
    spar_negotiation_t *negotiation = comm->negotiation;

    if (!spar_agree_is_done(comm)) {
        return false;
    }
    switch (negotiation->phase) {
    case PHASE_JUDGEMENT:
        if (comm->rank != 0) {
            adopt(comm);
        }
        spar_inherit_apply(comm);
        negotiation->phase = PHASE_TIMES;
        agree_on_times(comm);
        return false;
    case PHASE_TIMES:
        take_times(comm);
        negotiation->phase = PHASE_LATENCY;
        spar_forecast_begin_latency(comm);
        return false;
    case PHASE_LATENCY:
        if (!spar_forecast_progress_latency(comm)) {
            return false;
        }
        negotiation->phase = PHASE_PROPOSAL;
        spar_plan_begin_proposal(comm);
        return false;
    default:
        spar_choose_adopt(comm);
        conclude(comm);
        *place_p = negotiation->place;
        return true;
    }
}

void spar_plan_drop(spar_comm_t *comm)
{
    comm->steps.last_begin = 0;
    comm->turns = (spar_turns_t){0};
    spar_periodic_drop(comm);
    spar_info("the sequence of calls on communicator %d changed: learning "
              "again",
              comm->number);
}

/* Probes are for layers that feed errors back: others ignore the density. */
static double density_by_rule(const spar_comm_t *comm,
                              const spar_layer_t *layer)
{
    return spar_choose_is_probing(comm) && !layer->nonblocking
               ? spar_engine.config.density_min
               : layer->density;
}

double spar_plan_density(const spar_comm_t *comm, const spar_layer_t *layer)
{
    uint64_t steps = comm->sequence->steps;
    uint64_t first = spar_choose_watch_steps() + 1;

    if (spar_density_has_rule(&spar_engine.config)) {
        return density_by_rule(comm, layer);
    }
    return spar_density_at(&spar_engine.config,
                           steps > first ? steps - first : 0);
}
