#include "bench/select/feedback.h"

#include "base/clock.h"
#include "bench/select/gradients.h"
#include "sparsify/residual.h"
#include "sparsify/selector.h"

#include <stdlib.h>
#include <string.h>

typedef struct tally {
    double sum, least, most, passes, seconds;
    size_t sweeps_twice; /* steps that took more than one sweep */
} tally_t;

static const struct {
    const char *name;
    spar_selector_kind_t kind;
} kinds[] = {{"exact", SPAR_SELECT_EXACT},
             {"gaussian", SPAR_SELECT_GAUSSIAN},
             {"topk", SPAR_SELECT_TOPK}};

static void step(spar_selector_t *selector, const float *gradient,
                 float *residual, size_t k, spar_selection_t *selection,
                 tally_t *tally)
{
    double start = spar_clock_now();
    double share;

    if (spar_selector_run(selector, gradient, residual, k, selection) !=
        SPAR_OK) {
        fputs("bench_select: selection failed\n", stderr);
        exit(1);
    }
    tally->seconds += spar_clock_now() - start;
    share = (double)selection->count / (double)k;
    tally->sum += share;
    tally->least = share < tally->least ? share : tally->least;
    tally->most = share > tally->most ? share : tally->most;
    tally->passes += selection->passes;
    tally->sweeps_twice += selection->passes > 1;
    spar_residual_commit(SPAR_DTYPE_F32, residual, gradient, NULL, 0,
                         selector->n);
    spar_residual_settle(residual, selection);
}

static void kind_run(const options_t *options, size_t i, float *gradient,
                     float *residual)
{
    size_t n = options->feedback_n;
    size_t k = (size_t)(options->density * (double)n);
    tally_t tally = {.least = 1e300};
    gradients_t gradients;
    spar_selector_t selector;
    spar_selection_t selection;
    double steps = options->steps;
    int s;

    gradients_open(&gradients, options);
    spar_selection_init(&selection);
    spar_selector_init(&selector, kinds[i].kind, SPAR_DTYPE_F32, n);
    memset(residual, 0, n * sizeof(float));
    for (s = 0; s < options->steps; s++) {
        gradients_next(&gradients, gradient, n);
        step(&selector, gradient, residual, k > 0 ? k : 1, &selection, &tally);
    }
    printf("%-10s %8.3f %8.3f %8.3f %8.3f %8zu %10.3f %9.2f\n", kinds[i].name,
           tally.sum / steps, tally.least, tally.most, tally.passes / steps,
           tally.sweeps_twice, 1e3 * tally.seconds / steps,
           (double)selection.capacity / (double)(k > 0 ? k : 1));
    spar_selection_cleanup(&selection);
    gradients_close(&gradients);
}

void feedback_run(const options_t *options)
{
    float *gradient = floats_alloc(options->feedback_n, options->huge_pages);
    float *residual = floats_alloc(options->feedback_n, options->huge_pages);
    size_t i;

    printf("\n%d steps of error feedback, %zu elements, %s gradients\n",
           options->steps, options->feedback_n,
           options->gradients != NULL ? "recorded"
           : options->heavy           ? "heavy-tailed synthetic"
                                      : "normal synthetic");
    printf("%-10s %8s %8s %8s %8s %8s %10s %9s\n", "selector", "n/k", "least",
           "most", "passes", "> 1 pass", "ms", "scratch/k");
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kind_run(options, i, gradient, residual);
    }
    free(gradient);
    free(residual);
}
