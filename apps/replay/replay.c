/* Replays the steps of a training run from a trace of its layers. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "quantile.h"
#include "step.h"
#include "trace.h"

typedef struct times {
    double *step; /* seconds of each measured step */
    double *post;
    double *wait;
} times_t;

static _Noreturn void fail_memory(void)
{
    fputs("replay: out of memory\n", stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);

    if (!memory)
        fail_memory();
    return memory;
}

/* Rank 0 reads, so that the other hosts need no copy of the file. 0, or -1 on
 * all ranks after rank 0 has said why. */
static int read_trace(const options_t *options, int rank, trace_t *trace)
{
    char reason[4096] = "";

    if (rank == 0 && trace_read(options->trace, options->scale, reason,
                                sizeof(reason), trace) != 0)
        fprintf(stderr, "replay: %s\n", reason);
    MPI_Bcast(trace, (int)sizeof(*trace), MPI_BYTE, 0, MPI_COMM_WORLD);
    if (trace->count == 0)
        return -1;
    if (rank != 0)
        trace->layers = allocate((size_t)trace->count * sizeof(*trace->layers));
    MPI_Bcast(trace->layers, trace->count * (int)sizeof(*trace->layers),
              MPI_BYTE, 0, MPI_COMM_WORLD);
    return 0;
}

static void print_result(const options_t *options, const trace_t *trace,
                         times_t *times)
{
    const int n = options->steps;

    printf("steps %d\n", n);
    printf("step_time_median_s %.6f\n", quantile(times->step, n, 0.5));
    printf("step_time_p10_s %.6f\n", quantile(times->step, n, 0.1));
    printf("step_time_p90_s %.6f\n", quantile(times->step, n, 0.9));
    printf("compute_time_s %.6f\n", trace->forward + trace->backward);
    printf("post_time_median_s %.6f\n", quantile(times->post, n, 0.5));
    printf("wait_time_median_s %.6f\n", quantile(times->wait, n, 0.5));
}

static void measure(const options_t *options, step_t *step, times_t *times)
{
    for (int i = -options->warmup; i < options->steps; i++) {
        double start = MPI_Wtime();

        step_run(step);
        if (i < 0)
            continue;
        times->step[i] = MPI_Wtime() - start;
        times->post[i] = step->post_seconds;
        times->wait[i] = step->wait_seconds;
    }
}

static void replay(const options_t *options, const trace_t *trace, int rank)
{
    const size_t bytes = (size_t)options->steps * sizeof(double);
    times_t times = {allocate(bytes), allocate(bytes), allocate(bytes)};
    step_t step;

    if (step_init(&step, trace, options, rank) != 0)
        fail_memory();
    if (rank == 0)
        fprintf(stderr, "%d layers, %zu elements\n", trace->count,
                trace->elements);
    measure(options, &step, &times);
    if (rank == 0)
        print_result(options, trace, &times);
    step_free(&step);
    free(times.step);
    free(times.post);
    free(times.wait);
}

static int run(const options_t *options, int rank)
{
    trace_t trace = {0};

    if (read_trace(options, rank, &trace) != 0)
        return 1;
    replay(options, &trace, rank);
    trace_free(&trace);
    return 0;
}

int main(int argc, char **argv)
{
    options_t options;
    options_result_t parsed;
    int rank;
    int rc = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    parsed = options_parse(argc, argv, rank == 0 ? stdout : NULL,
                           rank == 0 ? stderr : NULL, &options);
    if (parsed == OPTIONS_OK)
        rc = run(&options, rank);
    else if (parsed == OPTIONS_WRONG)
        rc = 2;
    MPI_Finalize();
    return rc;
}
