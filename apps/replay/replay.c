/* Replays the steps of a training run from a trace of its layers. */
#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "step.h"
#include "times.h"
#include "trace.h"

static _Noreturn void fail_memory(void)
{
    fputs("replay: no memory or no thread left\n", stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* Rank 0 alone keeps a file. 0, or -1 after saying why. */
static int open_times(const options_t *options, int rank, times_t *times)
{
    const char *path = rank == 0 ? options->steps_out : NULL;

    if (times_open(times, options->steps, path) == 0)
        return 0;
    if (!path)
        fail_memory();
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return -1;
}

static int close_times(const options_t *options, times_t *times)
{
    if (times_close(times) == 0)
        return 0;
    fprintf(stderr, "replay: %s: %s\n", options->steps_out, strerror(errno));
    return -1;
}

/* Rank 0 reads, so that the other hosts need no copy of the file; an empty
 * trace tells them that it could not. Without memory the job ends. */
static void share_trace(int rank, trace_t *trace)
{
    MPI_Bcast(trace, (int)sizeof(*trace), MPI_BYTE, 0, MPI_COMM_WORLD);
    if (rank != 0 && trace->count > 0) {
        trace->layers = malloc((size_t)trace->count * sizeof(*trace->layers));
        if (!trace->layers)
            fail_memory();
    }
    MPI_Bcast(trace->layers, trace->count * (int)sizeof(*trace->layers),
              MPI_BYTE, 0, MPI_COMM_WORLD);
}

/* Leaves the trace empty after saying why. */
static void read_trace(const options_t *options, trace_t *trace)
{
    char reason[4096] = "";

    if (trace_read(options->trace, options->scale, reason, sizeof(reason),
                   trace) != 0)
        fprintf(stderr, "replay: %s\n", reason);
    else
        fprintf(stderr, "%d layers, %zu elements\n", trace->count,
                trace->elements);
}

static void measure(const options_t *options, step_t *step, times_t *times)
{
    for (int i = -options->warmup; i < options->steps; i++) {
        double start = MPI_Wtime();

        step_run(step);
        if (i >= 0)
            times_add(times, MPI_Wtime() - start, step->exchange.post_seconds,
                      step->exchange.wait_seconds);
    }
}

static void replay(const options_t *options, const trace_t *trace, int rank,
                   times_t *times)
{
    step_t step;

    if (step_init(&step, trace, options, rank) != 0)
        fail_memory();
    measure(options, &step, times);
    step_free(&step);
    if (rank == 0)
        times_print(times, trace->forward + trace->backward);
}

static int run(const options_t *options, int rank)
{
    trace_t trace = {0};
    times_t times = {0};
    int rc = 1;

    if (open_times(options, rank, &times) == 0 && rank == 0)
        read_trace(options, &trace);
    share_trace(rank, &trace);
    if (trace.count > 0) {
        replay(options, &trace, rank, &times);
        rc = 0;
    }
    trace_free(&trace);
    if (close_times(options, &times) != 0)
        rc = 1;
    return rc;
}

/* Threads make calls where these are posted from a second one. */
static int initialise(int *argc, char ***argv, const options_t *options)
{
    const int wanted =
        options->post == POST_THREAD ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE;
    int level;

    MPI_Init_thread(argc, argv, wanted, &level);
    if (level >= wanted)
        return 0;
    fputs("replay: this MPI has no MPI_THREAD_MULTIPLE\n", stderr);
    return -1;
}

int main(int argc, char **argv)
{
    options_t options = {0};
    options_result_t parsed = options_parse(argc, argv, NULL, NULL, &options);
    int rank;
    int rc;

    if (initialise(&argc, &argv, &options) != 0)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (parsed == OPTIONS_OK) {
        rc = run(&options, rank);
    } else {
        rc = parsed == OPTIONS_WRONG ? 2 : 0;
        if (rank == 0) /* the others keep quiet */
            (void)options_parse(argc, argv, stdout, stderr, &options);
    }
    MPI_Finalize();
    return rc;
}
