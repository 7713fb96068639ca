/* bench_quantise [ISA [ELEMENTS]]: nanoseconds per element that one core needs
 * for dense sums with fewer bits (sparsify/quantise.h): to look for values that
 * are not finite, to round at random and to the nearest, to add what has come,
 * and to read the sum. A layer of the default size does not fit the caches, a
 * chunk does. */
#include "sparsify/quantise.h"
#include "base/clock.h"
#include "sparsify/kernels.h"

#include <stdio.h>
#include <stdlib.h>

/* Elements of a layer by default. */
#define LAYER ((size_t)16 * 1024 * 1024)
#define CHUNK ((size_t)64 * 1024)
/* Of such a layer; of smaller ones, as many elements in all. */
#define ROUNDS 7

typedef struct bench {
    spar_values_t values;
    size_t count; /* elements of the layer */
    float *layer;
    float *sum;
    unsigned char *payload;
    int nonfinite;
} bench_t;

static void look(bench_t *bench, size_t begin)
{
    bench->nonfinite += !spar_quantise_is_finite(bench->layer + begin, CHUNK);
}

static void round_random(bench_t *bench, size_t begin)
{
    spar_quantise(bench->values, bench->layer + begin, CHUNK, 1,
                  begin / SPAR_VALUES_GROUP, bench->payload);
}

static void round_nearest(bench_t *bench, size_t begin)
{
    spar_quantise(bench->values, bench->layer + begin, CHUNK, 0,
                  begin / SPAR_VALUES_GROUP, bench->payload);
}

static void add(bench_t *bench, size_t begin)
{
    (void)begin;
    spar_quantise_add(bench->values, bench->payload, CHUNK, bench->sum);
}

static void read_sum(bench_t *bench, size_t begin)
{
    spar_quantise_get(bench->values, bench->payload, CHUNK,
                      bench->layer + begin);
}

/* The least of some rounds: others on a shared machine only add to it. */
static double time_of(bench_t *bench, void (*work)(bench_t *, size_t))
{
    double least = 1e9;

    for (size_t done = 0; done < ROUNDS * LAYER; done += bench->count) {
        double begin = spar_clock_now();
        double seconds;

        for (size_t i = 0; i < bench->count; i += CHUNK) {
            work(bench, i);
        }
        seconds = spar_clock_now() - begin;
        least = seconds < least ? seconds : least;
    }
    return 1e9 * least / (double)bench->count;
}

static void fill(bench_t *bench)
{
    for (size_t i = 0; i < bench->count; i++) {
        bench->layer[i] = (float)((double)rand() / RAND_MAX - 0.5);
    }
}

static void measure(bench_t *bench, const char *name)
{
    double times[5];

    fill(bench);
    times[0] = time_of(bench, look);
    times[1] = time_of(bench, round_random);
    times[2] = time_of(bench, round_nearest);
    times[3] = time_of(bench, add);
    times[4] = time_of(bench, read_sum);
    printf("%-6s %8.2f %8.2f %8.2f %8.2f %8.2f\n", name, times[0], times[1],
           times[2], times[3], times[4]);
}

int main(int argc, char **argv)
{
    static const spar_values_t values[] = {SPAR_VALUES_BF16, SPAR_VALUES_FP16,
                                           SPAR_VALUES_INT8};
    static const char *const names[] = {"bf16", "fp16", "int8"};
    const size_t chunks = argc > 2 ? strtoul(argv[2], NULL, 10) / CHUNK : 0;
    const size_t count = chunks > 0 ? chunks * CHUNK : LAYER;
    bench_t bench = {.count = count,
                     .layer = malloc(count * sizeof(float)),
                     .sum = calloc(CHUNK, sizeof(float)),
                     .payload = malloc(3 * CHUNK)};

    if (bench.layer == NULL || bench.sum == NULL || bench.payload == NULL ||
        spar_kernels_use(argc > 1 ? argv[1] : "auto") != SPAR_OK) {
        fputs("bench_quantise: no memory, or no such instruction set\n",
              stderr);
        return 1;
    }
    printf("%s\n%-6s %8s %8s %8s %8s %8s\n", spar_kernels()->name, "values",
           "look", "random", "nearest", "add", "read");
    for (size_t i = 0; i < 3; i++) {
        bench.values = values[i];
        measure(&bench, names[i]);
    }
    free(bench.payload);
    free(bench.sum);
    free(bench.layer);
    return bench.nonfinite == 0 ? 0 : 1;
}
