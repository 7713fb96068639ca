#include "pmpi/review.h"

#include "pmpi/agree.h"
#include "pmpi/engine.h"
#include "policy/density.h"

/* Steps between two reviews. */
#define REVIEW_STEPS 16

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

static void make_dense(spar_layer_t *layer, const char *why)
{
    layer->sparse = false;
    layer->flush = layer->owes;
    layer->why = why;
}

/* What rank 0 saw holds for all. */
static void judge_content(spar_comm_t *comm)
{
    char steady[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        steady[i] = (char)spar_content_is_steady(&comm->layers[i].content);
    }
    spar_agree_root(comm, steady, comm->layer_count);
    for (size_t i = 0; i < comm->layer_count; i++) {
        if (steady[i] && comm->layers[i].sparse) {
            make_dense(&comm->layers[i],
                       "changes little, like parameters; SPAR_MODE=sparse "
                       "sends it sparsely all the same");
        }
    }
}

static void judge_times(spar_comm_t *comm)
{
    double seconds[SPAR_SEQUENCE_MAX_PERIOD];

    for (size_t i = 0; i < comm->layer_count; i++) {
        seconds[i] = spar_layer_typical_seconds(&comm->layers[i]);
    }
    spar_agree_min(comm, seconds, comm->layer_count);
    for (size_t i = 0; i < comm->layer_count; i++) {
        spar_layer_t *layer = &comm->layers[i];

        layer->sample_count = 0;
        if (layer->sparse && seconds[i] > 0 &&
            spar_verdict_review(seconds[i], layer->dense_seconds,
                                &layer->losses)) {
            make_dense(layer, "sparse proved slower");
        }
    }
}

void spar_review_step(spar_comm_t *comm)
{
    uint64_t steps = comm->sequence->steps;
    /* The ramp's early stages are slower than what is to be judged. */
    uint64_t settled =
        spar_review_watch_steps() + spar_density_ramp_end(&spar_engine.config);

    if (!is_auto() || comm->pays_nowhere) {
        return;
    }
    if (steps == spar_review_watch_steps() + 1) {
        judge_content(comm);
    } else if (steps > settled && (steps - settled) % REVIEW_STEPS == 0) {
        judge_times(comm);
    } else {
        return;
    }
    spar_comm_note_where_it_pays(comm);
}
