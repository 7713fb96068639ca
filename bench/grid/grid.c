/*
 * bench_grid: what a blocking allreduce of gradients costs by size; a trainer
 * that knows nothing of Spar. See bench/grid/run.
 */
#include "bench/grid/options.h"
#include "pool.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bench {
    options_t options;
    pool_t pool;
    float *data[MOST_CALLS];
    double *seconds; /* per step and call */
} bench_t;

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);

    if (memory == NULL) {
        fputs("bench_grid: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return memory;
}

static int steps_of(const options_t *options)
{
    return options->warmup + options->groups * options->steps;
}

static void open_bench(bench_t *bench, int rank)
{
    const options_t *options = &bench->options;

    for (int i = 0; i < options->calls; i++) {
        bench->data[i] =
            allocate((size_t)options->counts[i] * sizeof(*bench->data[i]));
    }
    bench->seconds = allocate((size_t)steps_of(options) *
                              (size_t)options->calls * sizeof(double));
    if (pool_init(&bench->pool, (unsigned)rank + 1) != 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

static void close_bench(bench_t *bench)
{
    for (int i = 0; i < bench->options.calls; i++) {
        free(bench->data[i]);
    }
    free(bench->seconds);
    pool_free(&bench->pool);
}

static double time_call(bench_t *bench, int call)
{
    int count = bench->options.counts[call];
    double begin;

    pool_fill(&bench->pool, bench->data[call], (size_t)count);
    MPI_Barrier(MPI_COMM_WORLD);
    begin = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, bench->data[call], count, MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    return MPI_Wtime() - begin;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Of all calls of this count in a group. */
static void print_median(const bench_t *bench, int group, int count)
{
    const options_t *options = &bench->options;
    double *found = allocate((size_t)options->steps * (size_t)options->calls *
                             sizeof(*found));
    int first = options->warmup + group * options->steps;
    size_t samples = 0;

    for (int step = first + options->drop; step < first + options->steps;
         step++) {
        for (int i = 0; i < options->calls; i++) {
            if (options->counts[i] == count) {
                found[samples++] = bench->seconds[step * options->calls + i];
            }
        }
    }
    qsort(found, samples, sizeof(*found), by_value);
    printf("%d %d %.9f %zu\n", group, count,
           (found[(samples - 1) / 2] + found[samples / 2]) / 2, samples);
    free(found);
}

static bool is_repeated(const options_t *options, int call)
{
    for (int i = 0; i < call; i++) {
        if (options->counts[i] == options->counts[call]) {
            return true;
        }
    }
    return false;
}

/* Of the slowest ranks. */
static void print_results(bench_t *bench, int rank)
{
    const options_t *options = &bench->options;

    MPI_Reduce(rank == 0 ? MPI_IN_PLACE : bench->seconds, bench->seconds,
               steps_of(options) * options->calls, MPI_DOUBLE, MPI_MAX, 0,
               MPI_COMM_WORLD);
    for (int group = 0; rank == 0 && group < options->groups; group++) {
        for (int i = 0; i < options->calls; i++) {
            if (!is_repeated(options, i)) {
                print_median(bench, group, options->counts[i]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    bench_t bench;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    bench.options = options_parse(argc, argv, rank == 0);
    open_bench(&bench, rank);
    for (int step = 0; step < steps_of(&bench.options); step++) {
        for (int i = 0; i < bench.options.calls; i++) {
            bench.seconds[step * bench.options.calls + i] =
                time_call(&bench, i);
        }
    }
    print_results(&bench, rank);
    close_bench(&bench);
    MPI_Finalize();
    return 0;
}
