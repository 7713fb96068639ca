/*
 * bench_grid: what a blocking allreduce of gradients costs by size; a trainer
 * that knows nothing of Spar. See bench/grid/run.
 */
#include "bench/dense/openmpi.h"
#include "bench/grid/options.h"
#include "pool.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bench {
    options_t options;
    pool_t pool;
    MPI_Comm comms[OPENMPI_ALGORITHMS]; /* the first one only, unless plain */
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
    bench->comms[0] = MPI_COMM_WORLD;
    if (options->plain) {
        openmpi_open(bench->comms);
    }
    if (pool_init(&bench->pool, (unsigned)rank + 1) != 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

static void close_bench(bench_t *bench)
{
    for (int i = 0; i < bench->options.calls; i++) {
        free(bench->data[i]);
    }
    if (bench->options.plain) {
        openmpi_close(bench->comms);
    }
    free(bench->seconds);
    pool_free(&bench->pool);
}

/* The group's number, and that of the step in it; false: neither. */
static bool place_of(const options_t *options, int step, int *group_p,
                     int *step_p)
{
    int place = step - options->warmup;

    if (place < 0) {
        return false;
    }
    *group_p =
        options->plain ? place % options->groups : place / options->steps;
    *step_p = options->plain ? place / options->groups : place % options->steps;
    return true;
}

/* MPI_COMM_NULL: nothing to measure in this step. */
static MPI_Comm comm_of(const bench_t *bench, int step)
{
    int group, place;

    return bench->options.plain &&
                   place_of(&bench->options, step, &group, &place)
               ? bench->comms[group]
               : bench->comms[0];
}

static double time_call(bench_t *bench, MPI_Comm comm, int call)
{
    int count = bench->options.counts[call];
    double begin;

    pool_fill(&bench->pool, 1e-3F, bench->data[call], (size_t)count);
    MPI_Barrier(MPI_COMM_WORLD);
    begin = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, bench->data[call], count, MPI_FLOAT, MPI_SUM,
                  comm);
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
    size_t samples = 0;
    int which, place;

    for (int step = 0; step < steps_of(options); step++) {
        if (!place_of(options, step, &which, &place) || which != group ||
            place < options->drop) {
            continue;
        }
        for (int i = 0; i < options->calls; i++) {
            if (options->counts[i] == count) {
                found[samples++] = bench->seconds[step * options->calls + i];
            }
        }
    }
    qsort(found, samples, sizeof(*found), by_value);
    if (options->plain) {
        printf("%s", openmpi_name(group));
    } else {
        printf("%d", group);
    }
    printf(" %d %.9f %zu\n", count,
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
        bool has = !options->plain || bench->comms[group] != MPI_COMM_NULL;

        for (int i = 0; i < options->calls; i++) {
            if (has && !is_repeated(options, i)) {
                print_median(bench, group, options->counts[i]);
            }
        }
    }
}

static void run_step(bench_t *bench, int step)
{
    MPI_Comm comm = comm_of(bench, step);
    double *seconds = bench->seconds + step * bench->options.calls;

    for (int i = 0; i < bench->options.calls; i++) {
        seconds[i] = comm == MPI_COMM_NULL ? 0 : time_call(bench, comm, i);
    }
}

int main(int argc, char **argv)
{
    bench_t bench;
    int rank;

    openmpi_prepare();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    bench.options = options_parse(argc, argv, rank == 0);
    open_bench(&bench, rank);
    for (int step = 0; step < steps_of(&bench.options); step++) {
        run_step(&bench, step);
    }
    print_results(&bench, rank);
    close_bench(&bench);
    MPI_Finalize();
    return 0;
}
