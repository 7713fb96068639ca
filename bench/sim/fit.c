#include "bench/sim/fit.h"

#include "base/quantile.h"
#include "policy/model_fit.h"

#include <inttypes.h>
#include <math.h>

#define CALLS_MOST 4096

typedef struct call {
    spar_method_t method;
    spar_model_shape_t shape;
    double seconds;
} call_t;

typedef struct calls {
    call_t calls[CALLS_MOST];
    size_t count;
} calls_t;

/* 1: a call; 0: the end; -1: neither. */
static int read_call(FILE *file, call_t *call_p)
{
    call_t call = {.shape = {.element_bytes = 4}};
    char name[32];
    int eager;
    int found = fscanf(file, "%31s %d %d %" SCNu64 " %" SCNu64 " %lf %d %lf",
                       name, &call.shape.ranks, &call.shape.nodes,
                       &call.shape.count, &call.shape.entries,
                       &call.shape.value_bytes, &eager, &call.seconds);

    if (found == EOF) {
        return 0;
    }
    if (found != 8 || !spar_method_find(name, &call.method) ||
        call.shape.nodes < 1 || call.shape.nodes > call.shape.ranks) {
        return -1;
    }
    call.shape.eager = eager != 0;
    *call_p = call;
    return 1;
}

/* The model of all calls but those with `without` ranks. */
static spar_model_t fit(const calls_t *calls, int without)
{
    spar_model_history_t history = {.added = {0}};
    spar_model_t priors, model;

    spar_model_guess(1e-4, 1e9, &priors);
    for (size_t i = 0; i < calls->count; i++) {
        const call_t *call = &calls->calls[i];

        if (call->shape.ranks != without) {
            spar_model_observe(&history, call->method, &call->shape,
                               call->seconds);
        }
    }
    model = priors;
    spar_model_fit(&history, &priors, &model);
    return model;
}

/* Whether there are calls with different numbers of ranks. */
static bool has_several(const calls_t *calls)
{
    for (size_t i = 1; i < calls->count; i++) {
        if (calls->calls[i].shape.ranks != calls->calls[0].shape.ranks) {
            return true;
        }
    }
    return false;
}

static void print_misses(const char *what, double *misses, size_t count)
{
    printf("%s: median miss %.1f %%, 90 %% of calls within %.1f %%\n", what,
           100 * spar_quantile(misses, count, 0.5),
           100 * spar_quantile(misses, count, 0.9));
}

static void print_calls(const calls_t *calls, const spar_model_t *all)
{
    static double misses[2][CALLS_MOST];

    printf("%-10s %5s %5s %10s %8s %12s %10s %10s\n", "method", "ranks",
           "nodes", "elements", "entries", "measured, s", "fitted", "foretold");
    for (size_t i = 0; i < calls->count; i++) {
        const call_t *call = &calls->calls[i];
        spar_model_t others = fit(calls, call->shape.ranks);
        double fitted = spar_model_predict(all, call->method, &call->shape);
        double foretold =
            spar_model_predict(&others, call->method, &call->shape);

        printf("%-10s %5d %5d %10" PRIu64 " %8" PRIu64
               " %12.6f %10.6f %10.6f\n",
               spar_method_name(call->method), call->shape.ranks,
               call->shape.nodes, call->shape.count, call->shape.entries,
               call->seconds, fitted, foretold);
        misses[0][i] = fabs(fitted / call->seconds - 1);
        misses[1][i] = fabs(foretold / call->seconds - 1);
    }
    print_misses("fitted to all calls", misses[0], calls->count);
    if (has_several(calls)) {
        print_misses("foretold from other numbers of ranks", misses[1],
                     calls->count);
    }
}

int fit_print(FILE *file)
{
    static calls_t calls;
    spar_model_t model;
    int status = 1;

    while (calls.count < CALLS_MOST && status > 0) {
        status = read_call(file, &calls.calls[calls.count]);
        calls.count += status > 0;
    }
    if (status < 0 || calls.count == 0) {
        fprintf(stderr, "bench_sim: line %zu is no call; see bench/sim/fit.h\n",
                calls.count + 1);
        return 2;
    }
    model = fit(&calls, 0);
    print_calls(&calls, &model);
    for (unsigned i = 0; i < SPAR_MODEL_NUMBERS; i++) {
        printf("%s %.4g\n", spar_model_number_name(i),
               spar_model_number(&model, i));
    }
    return 0;
}
