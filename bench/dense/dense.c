/*
 * bench_dense: what a dense exchange costs by algorithm, all of them in turn in
 * one job. Prints a line per size and algorithm: bytes, name, median seconds
 * of the slowest rank, rounds.
 */
#include "base/clock.h"
#include "bench/dense/algorithms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROUNDS 400
/* What is this much slower than the fastest one needs no second look. */
#define HOPELESS 2.5
/* Seconds after which what a first run does besides does not count. */
#define LONG_RUN 0.5

typedef struct bench {
    algorithms_t algorithms;
    int rank, ranks;
    float *data;
    int count;
    double budget; /* seconds per size */
    double first[ALGORITHMS];
    double seconds[ALGORITHMS][MOST_ROUNDS];
} bench_t;

static void check(const bench_t *bench, int algorithm)
{
    float sum = (float)(bench->ranks * (bench->ranks + 1)) / 2;

    for (int i = 0; i < bench->count; i++) {
        if (bench->data[i] != sum) {
            fprintf(stderr, "bench_dense: %s: wrong sum\n",
                    algorithms_name(algorithm));
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
}

/* Seconds of the slowest rank, on every rank. */
static double time_once(bench_t *bench, int algorithm)
{
    double seconds, slowest;

    for (int i = 0; i < bench->count; i++) {
        bench->data[i] = (float)(bench->rank + 1);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    seconds = spar_clock_now();
    algorithms_run(&bench->algorithms, algorithm, bench->data, bench->count);
    seconds = spar_clock_now() - seconds;
    check(bench, algorithm);
    MPI_Allreduce(&seconds, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return slowest;
}

static bool is_wanted(const bench_t *bench, int algorithm, double fastest)
{
    return algorithms_has(&bench->algorithms, algorithm) &&
           bench->first[algorithm] <= HOPELESS * fastest;
}

/* The very first runs open connections and touch memory, and any may be held up
 * by other processes. */
static double least_of_first(bench_t *bench, int algorithm)
{
    double least = time_once(bench, algorithm);

    for (int again = 0; again < 2 && least < LONG_RUN; again++) {
        double seconds = time_once(bench, algorithm);

        least = seconds < least ? seconds : least;
    }
    return least;
}

/* First runs of each; afterwards `rounds_p` more fit into the budget. */
static double warm_up(bench_t *bench, int *rounds_p)
{
    double fastest = 1e9, all = 0;
    int least;

    for (int i = 0; i < ALGORITHMS; i++) {
        if (algorithms_has(&bench->algorithms, i)) {
            bench->first[i] = least_of_first(bench, i);
            fastest = bench->first[i] < fastest ? bench->first[i] : fastest;
        }
    }
    for (int i = 0; i < ALGORITHMS; i++) {
        all += is_wanted(bench, i, fastest) ? bench->first[i] : 0;
    }
    *rounds_p = (int)(bench->budget / all);
    least = fastest < LONG_RUN ? 3 : 1;
    *rounds_p = *rounds_p < least ? least : *rounds_p;
    *rounds_p = *rounds_p > MOST_ROUNDS ? MOST_ROUNDS : *rounds_p;
    return fastest;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(values[0]), by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void measure(bench_t *bench, int count)
{
    int rounds;
    double fastest;

    bench->count = count;
    fastest = warm_up(bench, &rounds);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < ALGORITHMS; i++) {
            /* Each round starts with another one. */
            int algorithm = (round + i) % ALGORITHMS;

            if (is_wanted(bench, algorithm, fastest)) {
                bench->seconds[algorithm][round] = time_once(bench, algorithm);
            }
        }
    }
    for (int i = 0; i < ALGORITHMS && bench->rank == 0; i++) {
        bool wanted = is_wanted(bench, i, fastest);

        if (algorithms_has(&bench->algorithms, i)) {
            printf("%zu %s %.9f %d\n", (size_t)count * sizeof(float),
                   algorithms_name(i),
                   wanted ? median(bench->seconds[i], rounds) : bench->first[i],
                   wanted ? rounds : 1);
        }
    }
    fflush(stdout);
}

/* usage: bench_dense SECONDS BYTES... */
int main(int argc, char **argv)
{
    static bench_t bench;
    size_t most = 0;

    openmpi_prepare();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &bench.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &bench.ranks);
    if (argc < 3) {
        if (bench.rank == 0) {
            fputs("usage: mpirun -n RANKS bench_dense SECONDS BYTES...\n"
                  "seconds per size; see bench/dense/run\n",
                  stderr);
        }
        MPI_Finalize();
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        size_t bytes = strtoul(argv[i], NULL, 10);

        most = bytes > most ? bytes : most;
    }
    bench.data = malloc(most + 1);
    if (bench.data == NULL) {
        fputs("bench_dense: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    bench.budget = strtod(argv[1], NULL);
    algorithms_open(&bench.algorithms, most / sizeof(float));
    for (int i = 2; i < argc; i++) {
        measure(&bench, (int)(strtoul(argv[i], NULL, 10) / sizeof(float)));
    }
    algorithms_close(&bench.algorithms);
    free(bench.data);
    MPI_Finalize();
    return 0;
}
