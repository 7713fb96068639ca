/* bench_wire: see --help. */
#include "sparsify/wire.h"
#include "bench/wire/entries.h"
#include "bench/wire/options.h"
#include "sparsify/kernels.h"
#include "sparsify/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Entries that are worked through before the clock is looked at again. */
#define ENTRIES_AT_LEAST 4000000

typedef struct bench {
    size_t n;
    spar_selection_t selection;
    spar_selection_t other; /* as many entries of another rank */
    spar_selection_t list;
    unsigned char *payload;
    size_t capacity;
    float *out;
    spar_wire_header_t header;
} bench_t;

static void check(spar_status_t status)
{
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_wire: %s\n", spar_status_string(status));
        exit(1);
    }
}

static void encode(bench_t *bench)
{
    check(spar_wire_encode(&bench->selection, 0, bench->selection.count, 0,
                           (uint32_t)bench->n, bench->payload, bench->capacity,
                           &bench->header));
}

/* Rounding again what has been rounded takes as long. */
static void round_nearest(bench_t *bench)
{
    spar_selection_round(&bench->selection, bench->header.values, 0);
}

static void round_random(bench_t *bench)
{
    spar_selection_round(&bench->selection, bench->header.values, 1);
}

static void decode(bench_t *bench)
{
    check(spar_wire_decode(&bench->header, bench->payload,
                           bench->header.payload_bytes, &bench->list, NULL));
}

static void add(bench_t *bench)
{
    check(spar_wire_add(&bench->header, bench->payload,
                        bench->header.payload_bytes, bench->out, NULL));
}

static void merge(bench_t *bench)
{
    check(spar_merge_add(&bench->selection, &bench->other, &bench->list));
}

/* Of this thread, so that others on a shared machine disturb less. */
static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Millions of entries per second; the median of the rounds. */
static double speed(void (*run)(bench_t *bench), bench_t *bench, int rounds)
{
    size_t k = bench->selection.count;
    size_t times = k < ENTRIES_AT_LEAST ? ENTRIES_AT_LEAST / k : 1;
    double seconds[1000] = {0};
    size_t i;
    int r;

    run(bench);
    for (r = 0; r < rounds; r++) {
        double start = cpu_now();

        for (i = 0; i < times; i++) {
            run(bench);
        }
        seconds[r] = cpu_now() - start;
    }
    qsort(seconds, (size_t)rounds, sizeof(seconds[0]), by_value);
    return 1e-6 * (double)(times * k) / seconds[rounds / 2];
}

static void row(bench_t *bench, size_t k, const options_t *options)
{
    static const struct {
        spar_values_t values;
        const char *name;
    } types[] = {{SPAR_VALUES_F32, "fp32"},
                 {SPAR_VALUES_BF16, "bf16"},
                 {SPAR_VALUES_FP16, "fp16"},
                 {SPAR_VALUES_INT8, "int8"}};
    double entropy = entries_entropy(bench->n, k);
    size_t t;

    entries_make(&bench->other, bench->n, k, 2);
    for (t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        double bits;

        entries_make(&bench->selection, bench->n, k, 1);
        spar_selection_round(&bench->selection, types[t].values, 0);
        encode(bench);
        bits = 8.0 *
               ((double)bench->header.payload_bytes -
                (double)(k * spar_values_size(types[t].values)) -
                (double)spar_values_scales(types[t].values, 0, k)) /
               (double)k;
        printf("%10zu %8.4f %9zu %6s %8.3f %8.3f %6.3f", bench->n,
               (double)k / (double)bench->n, k, types[t].name, bits, entropy,
               bits / entropy);
        if (types[t].values == SPAR_VALUES_F32) {
            printf(" %8s %8s", "-", "-");
        } else {
            printf(" %8.0f", speed(round_nearest, bench, options->rounds));
            printf(" %8.0f", speed(round_random, bench, options->rounds));
        }
        printf(" %8.0f", speed(encode, bench, options->rounds));
        printf(" %8.0f", speed(decode, bench, options->rounds));
        printf(" %8.0f", speed(add, bench, options->rounds));
        /* Of both lists. */
        printf(" %8.0f\n", 2.0 * speed(merge, bench, options->rounds));
        fflush(stdout);
    }
}

static void layer(size_t n, const options_t *options)
{
    static const double densities[] = {1e-4, 1e-3, 0.01, 0.05, 0.1, 0.25};
    bench_t bench = {.n = n};
    size_t d, most = options->density > 0.0
                         ? (size_t)(options->density * (double)n)
                         : n / 4;

    most = most == 0 ? 1 : most;
    spar_selection_init(&bench.selection);
    spar_selection_init(&bench.other);
    spar_selection_init(&bench.list);
    check(spar_selection_reserve(&bench.list, SPAR_DTYPE_F32, 2 * most));
    bench.capacity = spar_wire_payload_bound(SPAR_VALUES_F32, n, most);
    bench.payload = malloc(bench.capacity);
    bench.out = calloc(n, sizeof(float));
    if (bench.payload == NULL || bench.out == NULL) {
        check(SPAR_ERR_NO_MEMORY);
    } else if (options->density > 0.0) {
        row(&bench, most, options);
    } else {
        for (d = 0; d < sizeof(densities) / sizeof(densities[0]); d++) {
            row(&bench, (size_t)(densities[d] * (double)n), options);
        }
    }
    free(bench.payload);
    free(bench.out);
    spar_selection_cleanup(&bench.selection);
    spar_selection_cleanup(&bench.other);
    spar_selection_cleanup(&bench.list);
}

int main(int argc, char **argv)
{
    const options_t options = options_parse(argc, argv);

    if (spar_kernels_use(options.isa) != SPAR_OK) {
        fprintf(stderr, "bench_wire: no instruction set %s here\n",
                options.isa);
        return 2;
    }
    printf("%s; millions of entries per second on one core\n",
           spar_kernels()->name);
    printf("%10s %8s %9s %6s %8s %8s %6s %8s %8s %8s %8s %8s %8s\n", "elements",
           "density", "entries", "values", "bits", "entropy", "ratio",
           "nearest", "random", "encode", "decode", "add", "merge");
    if (options.n > 0) {
        layer(options.n, &options);
        return 0;
    }
    layer(10000, &options);
    layer(1000000, &options);
    layer(100000000, &options);
    return 0;
}
