#include "pmpi/shadow_report.h"

#include "pmpi/guards.h"
#include "policy/verdict.h"

static double mean(double sum, double count)
{
    return count > 0 ? sum / count : 0;
}

/* Agreed seconds are the least of all ranks: whoever comes last waits for
 * nobody. Those of calls that overlap tell less than this rank's. */
static double seconds_of(const spar_layer_t *layer, spar_method_t method,
                         double sum)
{
    return layer->nonblocking || layer->seconds[method] <= 0
               ? mean(sum, (double)layer->shadow.calls)
               : layer->seconds[method];
}

/* As mode auto: single calls by what was measured, others by what was
 * predicted. */
static bool would_pay(const spar_layer_t *layer,
                      const spar_report_shadow_t *shadow)
{
    return layer->nonblocking ? spar_verdict_pays(layer->predicted_seconds,
                                                  layer->dense_seconds, false)
                              : spar_verdict_keeps(shadow->sparse_seconds,
                                                   shadow->dense_seconds);
}

static const char *verdict(const spar_layer_t *layer, bool included,
                           spar_report_shadow_t *shadow)
{
    spar_guard_t guard =
        included ? SPAR_GUARD_NONE : spar_guards_judge_layer(layer);

    shadow->pays = guard == SPAR_GUARD_NONE && would_pay(layer, shadow);
    return guard != SPAR_GUARD_NONE ? spar_guard_why_in_auto(guard)
           : shadow->pays           ? "mode auto: sparse, faster"
                                    : "mode auto: dense, sparse is not faster";
}

void spar_shadow_describe(const spar_layer_t *layer, bool included,
                          spar_report_layer_t *out)
{
    const spar_shadow_t *shadow = &layer->shadow;

    if (shadow->calls == 0) {
        return;
    }
    out->shadow = (spar_report_shadow_t){
        .calls = shadow->calls,
        .sparse_seconds =
            seconds_of(layer, layer->trial.method, shadow->sparse_sum),
        .dense_seconds = seconds_of(layer, SPAR_METHOD_MPI, shadow->dense_sum),
        .bytes = mean((double)shadow->bytes, (double)shadow->calls),
        .samples = shadow->samples,
        .difference = mean(shadow->difference_sum, shadow->samples),
        .cosine = mean(shadow->cosine_sum, shadow->samples)};
    out->why = verdict(layer, included, &out->shadow);
    out->sparse_seconds = out->shadow.sparse_seconds;
    out->dense_seconds = out->shadow.dense_seconds;
}

void spar_shadow_add_overlap(const spar_comm_t *comm, spar_report_t *report)
{
    uint64_t steps = 0;

    for (size_t i = 0; i < comm->layer_count; i++) {
        const spar_layer_t *layer = &comm->layers[i];

        if (layer->nonblocking && layer->shadow.calls > steps) {
            steps = layer->shadow.calls;
        }
    }
    report->overlap_sparse += mean(comm->overlap.sparse.sum, (double)steps);
    report->overlap_dense += mean(comm->overlap.dense.sum, (double)steps);
}
