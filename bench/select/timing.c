#include "bench/select/timing.h"

#include "bench/select/fused.h"
#include "bench/select/gradients.h"
#include "sparsify/kernels.h"
#include "sparsify/residual.h"
#include "sparsify/selector.h"
#include "sparsify/wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#if FUSED_AVAILABLE
#include <emmintrin.h>
#endif

typedef struct bench {
    size_t n;
    size_t k;
    float *gradient;
    float *residual; /* as under error feedback; only read */
    float *sum;      /* written by the variants */
    float *taken;    /* a gradient that is zeroed in place */
    float *out;
    spar_selector_t exact;
    spar_selector_t topk;
    spar_selection_t selection;
    unsigned char *payload;
    size_t payload_capacity;
} bench_t;

static void add(bench_t *bench)
{
    const float *gradient = bench->gradient;
    float *sum = bench->sum;
    size_t i;

    for (i = 0; i < bench->n; i++) {
        sum[i] += gradient[i];
    }
}

static void copy(bench_t *bench)
{
    memcpy(bench->sum, bench->gradient, bench->n * sizeof(float));
}

static void check(spar_status_t status)
{
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_select: %s\n", spar_status_string(status));
        exit(1);
    }
}

static void select_exact(bench_t *bench)
{
    check(spar_selector_run(&bench->exact, bench->gradient, bench->residual,
                            bench->k, &bench->selection));
}

static void select_topk(bench_t *bench)
{
    check(spar_selector_run(&bench->topk, bench->gradient, bench->residual,
                            bench->k, &bench->selection));
}

static void select_sum(bench_t *bench)
{
    check(spar_selector_run_sum(&bench->exact, bench->gradient, bench->residual,
                                bench->k, &bench->selection, bench->sum));
}

static void scan_only(bench_t *bench)
{
    bool nonfinite = false;

    spar_kernels()->scan_f32(
        bench->gradient, bench->residual, bench->n,
        (float)bench->exact.threshold, 0, bench->selection.capacity,
        bench->selection.indices, bench->selection.values, NULL, &nonfinite);
}

static void to_wire(bench_t *bench)
{
    spar_wire_header_t header = {0};

    select_exact(bench);
    check(spar_wire_encode(&bench->selection, 0, bench->selection.count, 0,
                           (uint32_t)bench->n, bench->payload,
                           bench->payload_capacity, &header));
}

static void commit(bench_t *bench)
{
    spar_residual_commit(SPAR_DTYPE_F32, bench->sum, bench->gradient, NULL, 0,
                         bench->n);
}

static void commit_in_place(bench_t *bench)
{
    spar_residual_commit(SPAR_DTYPE_F32, bench->sum, bench->taken, bench->taken,
                         0, bench->n);
}

static void commit_to_out(bench_t *bench)
{
    spar_residual_commit(SPAR_DTYPE_F32, bench->sum, bench->gradient,
                         bench->out, 0, bench->n);
}

static void clear(bench_t *bench)
{
    spar_residual_clear_out(SPAR_DTYPE_F32, bench->taken, 0, bench->n);
}

static void clear_by_memset(bench_t *bench)
{
    memset(bench->taken, 0, bench->n * sizeof(float));
}

static void select_commit(bench_t *bench)
{
    select_exact(bench);
    commit(bench);
}

static void select_commit_in_place(bench_t *bench)
{
    select_exact(bench);
    commit_in_place(bench);
}

static void select_sum_in_place(bench_t *bench)
{
    select_sum(bench);
    spar_residual_clear_out(SPAR_DTYPE_F32, bench->taken, 0, bench->n);
}

#if FUSED_AVAILABLE
static void fused(bench_t *bench, const float *residual, fused_store_t store)
{
    fused_run(bench->gradient, residual, bench->sum, bench->n / 32 * 32,
              (float)bench->exact.threshold, store, &bench->selection);
}

static void fused_second(bench_t *bench)
{
    fused(bench, bench->residual, FUSED_PLAIN);
}

static void fused_stream(bench_t *bench)
{
    fused(bench, bench->residual, FUSED_STREAM);
}

static void fused_in_place(bench_t *bench)
{
    fused(bench, bench->sum, FUSED_PLAIN);
}

static void fused_in_place_prefetch(bench_t *bench)
{
    fused(bench, bench->sum, FUSED_PREFETCH);
}

static void commit_stream_zero(bench_t *bench)
{
    const __m128 zero = _mm_setzero_ps();
    size_t i;

    for (i = 0; i + 4 <= bench->n; i += 4) {
        _mm_store_ps(bench->sum + i,
                     _mm_add_ps(_mm_load_ps(bench->gradient + i),
                                _mm_load_ps(bench->sum + i)));
        _mm_stream_ps(bench->out + i, zero);
    }
    _mm_sfence();
}
#endif

typedef struct variant {
    const char *name;
    void (*run)(bench_t *bench);
} variant_t;

static const variant_t variants[] = {
    {"r += g", add},
    {"memcpy", copy},
    {"scan", scan_only},
    {"select exact", select_exact},
    {"select exact + encode", to_wire},
    {"select topk", select_topk},
    {"commit", commit},
    {"commit, zero in place", commit_in_place},
    {"commit, zero other", commit_to_out},
    {"exact + commit", select_commit},
    {"exact + commit, zero in place", select_commit_in_place},
    {"zero", clear},
    {"zero by memset", clear_by_memset},
    {"exact, fused", select_sum},
    {"exact, fused, zero in place", select_sum_in_place},
#if FUSED_AVAILABLE
    {"prototype, second array", fused_second},
    {"prototype, second array, NT", fused_stream},
    {"prototype, in place", fused_in_place},
    {"prototype, in place, prefetch", fused_in_place_prefetch},
    {"commit, zero other by NT", commit_stream_zero},
#endif
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Some steps of error feedback, so that values lie below the threshold as
 * they do in training. */
static void warm_up(bench_t *bench, const options_t *options)
{
    gradients_t gradients;
    int step;

    gradients_open(&gradients, options);
    for (step = 0; step < 20; step++) {
        gradients_next(&gradients, bench->gradient, bench->n);
        select_exact(bench);
        spar_residual_commit(SPAR_DTYPE_F32, bench->residual, bench->gradient,
                             NULL, 0, bench->n);
        spar_residual_settle(bench->residual, &bench->selection);
    }
    gradients_next(&gradients, bench->gradient, bench->n);
    gradients_close(&gradients);
}

/* Of this thread, so that others on a shared machine disturb less. */
static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double median_of(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(double), by_value);
    return values[count / 2];
}

/* The ratio is taken within each round, then the median of it: the speed of
 * a shared memory changes from round to round. */
static void print(const options_t *options, double *times, double *ratios)
{
    int rounds = options->rounds;
    size_t v;
    int r;

    for (v = VARIANTS; v-- > 0;) {
        for (r = 0; r < rounds; r++) {
            ratios[v * (size_t)rounds + (size_t)r] =
                times[v * (size_t)rounds + (size_t)r] / times[r];
        }
    }
    if (!options->csv) {
        printf("%-32s %10s %10s %8s\n", "one thread, CPU time", "median ms",
               "least ms", "ratio");
    }
    for (v = 0; v < VARIANTS; v++) {
        double *row = times + v * (size_t)rounds;
        double median = 1e3 * median_of(row, rounds);
        double ratio = median_of(ratios + v * (size_t)rounds, rounds);

        if (options->csv) {
            printf("%s,%.4f,%.4f\n", variants[v].name, median, ratio);
        } else {
            printf("%-32s %10.3f %10.3f %8.2f\n", variants[v].name, median,
                   1e3 * row[0], ratio);
        }
    }
}

static void bench_open(bench_t *bench, const options_t *options)
{
    bench->n = options->n;
    bench->k = (size_t)(options->density * (double)options->n);
    bench->k = bench->k == 0 ? 1 : bench->k;
    bench->gradient = floats_alloc(bench->n, options->huge_pages);
    bench->residual = floats_alloc(bench->n, options->huge_pages);
    bench->sum = floats_alloc(bench->n, options->huge_pages);
    bench->taken = floats_alloc(bench->n, options->huge_pages);
    bench->out = floats_alloc(bench->n, options->huge_pages);
    spar_selector_init(&bench->exact, SPAR_SELECT_EXACT, SPAR_DTYPE_F32,
                       bench->n);
    spar_selector_init(&bench->topk, SPAR_SELECT_TOPK, SPAR_DTYPE_F32,
                       bench->n);
    spar_selection_init(&bench->selection);
    bench->payload_capacity =
        spar_wire_payload_bound(SPAR_VALUES_F32, bench->n, bench->k);
    bench->payload =
        (unsigned char *)floats_alloc(bench->payload_capacity / 4 + 1, false);
}

static void bench_close(bench_t *bench)
{
    free(bench->gradient);
    free(bench->residual);
    free(bench->sum);
    free(bench->taken);
    free(bench->out);
    free(bench->payload);
    spar_selection_cleanup(&bench->selection);
}

void timing_run(const options_t *options)
{
    double *times =
        calloc(2 * VARIANTS * (size_t)options->rounds, sizeof(double));
    bench_t bench;
    int round;
    size_t v;

    if (times == NULL) {
        return;
    }
    bench_open(&bench, options);
    warm_up(&bench, options);
    select_exact(&bench);
    for (round = -1; round < options->rounds; round++) {
        for (v = 0; v < VARIANTS; v++) {
            double start = cpu_now();

            variants[v].run(&bench);
            if (round >= 0) {
                times[v * (size_t)options->rounds + (size_t)round] =
                    cpu_now() - start;
            }
        }
    }
    print(options, times, times + VARIANTS * (size_t)options->rounds);
    bench_close(&bench);
    free(times);
}
