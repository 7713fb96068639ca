#include "bench/cuda/layer.h"

#include "bench/cuda/timing.h"

extern "C" {
#include "base/clock.h"
#include "cuda/plugin.h"

extern const spar_cuda_ops_t spar_cuda_ops;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UP 10
#define MOST    200

static const spar_cuda_ops_t *const ops = &spar_cuda_ops;

/* Seconds of one call's parts. */
typedef struct call {
    double select, apply;
    uint64_t launches;
} call_t;

static void check(spar_status_t status, const char *doing)
{
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_cuda: %s: %s\n", doing, ops->cause());
        exit(1);
    }
}

static void apply(spar_cuda_layer_t *layer, float *gradient, float *out,
                  const spar_selection_t *selection, int ranks)
{
    bool overflow;
    spar_status_t status;

    check(ops->commit(layer, gradient, out), "commit");
    check(ops->settle(layer, selection), "settle");
    for (int rank = 0; rank < ranks; rank++) {
        check(ops->add(layer, 0, selection), "add");
    }
    do {
        status = ops->finish(layer, &overflow);
    } while (status == SPAR_INPROGRESS);
    check(status, "finish");
}

/* The result goes elsewhere, so that each call has the same gradient. */
static void run(spar_cuda_layer_t *layer, spar_selector_t *selector,
                float *gradient, float *out, uint64_t k, int ranks,
                spar_selection_t *selection, call_t *call_p)
{
    uint64_t launches = ops->launches();
    double start = spar_clock_now();
    double between;

    check(ops->select(layer, selector, gradient, k, 0, selection), "select");
    between = spar_clock_now();
    apply(layer, gradient, out, selection, ranks);
    call_p->apply = spar_clock_now() - between;
    call_p->select = between - start;
    call_p->launches = ops->launches() - launches;
}

static spar_cuda_layer_t *create(const float *gradient, uint64_t count)
{
    spar_cuda_size_t size;
    spar_cuda_layer_t *layer;
    int device = 0;

    memset(&size, 0, sizeof(size));
    size.select = SPAR_SELECT_EXACT;
    size.element = size.dtype = SPAR_DTYPE_F32;
    size.count = count;
    size.values = SPAR_VALUES_F32;
    size.feedback = true;
    ops->locate(gradient, &device);
    check(ops->create(device, &size, &layer), "create");
    return layer;
}

void bench_layer(float *gradient, uint64_t count, uint64_t k, int ranks,
                 int repeats)
{
    static double select_seconds[MOST], apply_seconds[MOST];
    spar_cuda_layer_t *layer = create(gradient, count);
    spar_selection_t selection;
    spar_selector_t selector;
    call_t call = {0, 0, 0};
    float *out;

    repeats = repeats < MOST ? repeats : MOST;
    bench_ok(cudaMalloc(&out, count * sizeof(*out)), "allocating");
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, count);
    for (int i = -WARM_UP; i < repeats; i++) {
        run(layer, &selector, gradient, out, k, ranks, &selection, &call);
        if (i >= 0) {
            select_seconds[i] = call.select;
            apply_seconds[i] = call.apply;
        }
    }
    printf("%-34s %10.1f M %9.4f ms (k %llu)\n", "call: selection",
           (double)count / 1e6, bench_median(select_seconds, repeats) * 1e3,
           (unsigned long long)k);
    printf("%-34s %10.1f M %9.4f ms (%d ranks)\n", "call: applying it",
           (double)count / 1e6, bench_median(apply_seconds, repeats) * 1e3,
           ranks);
    printf("%-34s %10.1f M %9llu kernels\n", "call: launched",
           (double)count / 1e6, (unsigned long long)call.launches);
    spar_selection_cleanup(&selection);
    ops->destroy(layer);
    bench_ok(cudaFree(out), "freeing");
}
