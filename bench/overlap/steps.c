#include "bench/overlap/runs.h"
#include "bench/overlap/work.h"
#include "compute.h"
#include "quantile.h"

#include <stdio.h>
#include <stdlib.h>

/* Of each step, in seconds but for the core. */
typedef struct samples {
    int count;
    double *post;
    double *core; /* share of a core that the computation got */
    double *wait;
    double *step;
} samples_t;

static void samples_open(samples_t *samples, int count)
{
    const size_t bytes = (size_t)count * sizeof(double);

    samples->count = 0;
    samples->post = work_allocate(bytes);
    samples->core = work_allocate(bytes);
    samples->wait = work_allocate(bytes);
    samples->step = work_allocate(bytes);
}

static void samples_close(samples_t *samples)
{
    free(samples->post);
    free(samples->core);
    free(samples->wait);
    free(samples->step);
}

static void step(work_t *work, double seconds, samples_t *samples)
{
    const int i = samples->count++;
    double begin, posted, computed, end, cpu;
    compute_t compute;

    work_prepare(work);
    begin = MPI_Wtime();
    work_post(work);
    posted = MPI_Wtime();
    cpu = work_seconds(CLOCK_THREAD_CPUTIME_ID);
    if (seconds > 0) {
        compute_begin(&compute,
                      work->options->busy ? COMPUTE_SPIN : COMPUTE_SLEEP);
        compute_add(&compute, seconds);
        compute_do(&compute);
    }
    cpu = work_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    computed = MPI_Wtime();
    work_wait(work);
    end = MPI_Wtime();
    samples->post[i] = posted - begin;
    samples->core[i] = cpu / (computed - posted);
    samples->wait[i] = end - computed;
    samples->step[i] = end - begin;
}

/* Collective: quantiles of the samples of all ranks, times the scale. */
static void print(const work_t *work, const char *name, const char *unit,
                  double scale, const double *values, int count)
{
    static const char *const names[] = {"p50", "p99", "max"};
    static const double shares[] = {0.5, 0.99, 1};
    int total = count * work->ranks;
    double *all = work_allocate((size_t)total * sizeof(double));

    MPI_Gather(values, count, MPI_DOUBLE, all, count, MPI_DOUBLE, 0,
               MPI_COMM_WORLD);
    for (int i = 0; i < 3 && work->rank == 0; i++) {
        printf("%s_%s_%s %.2f\n", name, names[i], unit,
               scale * quantile(all, total, shares[i]));
    }
    free(all);
}

static void print_seconds(const work_t *work, const char *name,
                          const double *values, int count)
{
    print(work, name, "us", 1e6, values, count);
}

static void print_all(const work_t *work, const samples_t *alone,
                      const samples_t *overlapped)
{
    /* Alone, the exchange begins with the posting call. */
    print_seconds(work, "alone", alone->step, alone->count);
    print_seconds(work, "exposed", overlapped->wait, overlapped->count);
    print_seconds(work, "post", overlapped->post, overlapped->count);
    print_seconds(work, "step", overlapped->step, overlapped->count);
    print(work, "core", "percent", 100, overlapped->core, overlapped->count);
}

void steps_run(const options_t *options)
{
    const int count = options->rounds * options->steps;
    samples_t alone, overlapped;
    work_t work;

    work_open(&work, options);
    samples_open(&alone, count + options->warmup);
    samples_open(&overlapped, count + options->warmup);
    for (int i = 0; i < options->warmup; i++) {
        step(&work, options->compute, &overlapped);
    }
    overlapped.count = 0;
    for (int round = 0; round < options->rounds; round++) {
        for (int i = 0; i < options->steps; i++) {
            step(&work, 0, &alone);
        }
        for (int i = 0; i < options->steps; i++) {
            step(&work, options->compute, &overlapped);
        }
    }
    print_all(&work, &alone, &overlapped);
    samples_close(&alone);
    samples_close(&overlapped);
    work_close(&work);
}
