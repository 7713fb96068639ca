#include "pmpi/review.h"

#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "pmpi/forecast.h"
#include "policy/density.h"

/* Steps between two reviews. */
#define REVIEW_STEPS 16

enum {
    PHASE_CONTENT,
    PHASE_TIMES
};

static bool is_auto(void)
{
    return spar_engine.config.mode == SPAR_MODE_AUTO;
}

uint64_t spar_review_watch_steps(void)
{
    return is_auto() ? SPAR_CONTENT_LOOKS + 1 : 0;
}

bool spar_review_is_watching(const spar_comm_t *comm)
{
    return comm->sequence->steps <= spar_review_watch_steps() && is_auto();
}

void spar_review_watch(const spar_comm_t *comm, spar_layer_t *layer,
                       const void *result)
{
    if (comm->rank == 0 && layer->sparse && spar_review_is_watching(comm)) {
        spar_content_look(&layer->content, layer->dtype, result, layer->count);
    }
}

/* The ramp's early stages are slower than what is to be judged. */
static uint64_t settled(void)
{
    return spar_review_watch_steps() +
           spar_density_ramp_end(&spar_engine.config);
}

static void make_dense(spar_layer_t *layer, const char *why)
{
    layer->sparse = false;
    layer->flush = layer->owes;
    layer->why = why;
}

static void look_at_content(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;

    for (size_t i = 0; i < comm->layer_count; i++) {
        values[i] = spar_content_is_steady(&comm->layers[i].content);
    }
    /* What rank 0 saw holds for all. */
    spar_agree_root(comm, values, comm->layer_count * sizeof(values[0]));
}

static void judge_content(spar_comm_t *comm)
{
    for (size_t i = 0; i < comm->layer_count; i++) {
        if (comm->negotiation->values[i] > 0 && comm->layers[i].sparse) {
            make_dense(&comm->layers[i],
                       "changes little, like parameters; SPAR_MODE=sparse "
                       "sends it sparsely all the same");
        }
    }
}

static void look_at_times(spar_comm_t *comm)
{
    double *values = comm->negotiation->values;

    for (size_t i = 0; i < comm->layer_count; i++) {
        values[i] = spar_layer_typical_seconds(&comm->layers[i]);
        comm->layers[i].sample_count = 0;
    }
    spar_forecast_share(comm, true, values);
    spar_agree_min(comm, values, comm->layer_count);
}

static void judge_times(spar_comm_t *comm)
{
    const double *seconds = comm->negotiation->values;

    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        if (layer->sparse && seconds[i] > 0 &&
            spar_verdict_review(seconds[i], layer->dense_seconds,
                                &layer->losses)) {
            make_dense(layer, "sparse proved slower");
        }
    }
}

bool spar_review_is_due(const spar_comm_t *comm)
{
    uint64_t steps = comm->sequence->steps;

    if (!is_auto() || comm->pays_nowhere) {
        return false;
    }
    return steps == spar_review_watch_steps() + 1 ||
           (steps > settled() && (steps - settled()) % REVIEW_STEPS == 0);
}

void spar_review_begin(spar_comm_t *comm)
{
    bool content = comm->sequence->steps == spar_review_watch_steps() + 1;

    comm->negotiation->phase = content ? PHASE_CONTENT : PHASE_TIMES;
    if (content) {
        look_at_content(comm);
    } else {
        look_at_times(comm);
    }
}

bool spar_review_progress(spar_comm_t *comm)
{
    if (!spar_agree_is_done(comm)) {
        return false;
    }
    if (comm->negotiation->phase == PHASE_CONTENT) {
        judge_content(comm);
    } else {
        judge_times(comm);
    }
    spar_comm_note_where_it_pays(comm);
    return true;
}
