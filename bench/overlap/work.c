#include "bench/overlap/work.h"

#include <stdio.h>
#include <stdlib.h>

void *work_allocate(size_t bytes)
{
    void *memory = malloc(bytes);

    if (memory == NULL) {
        fputs("bench_overlap: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return memory;
}

void work_open(work_t *work, const options_t *options)
{
    const size_t layers = (size_t)options->layers;

    work->options = options;
    MPI_Comm_rank(MPI_COMM_WORLD, &work->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &work->ranks);
    work->gradients =
        work_allocate(layers * (size_t)options->count * sizeof(float));
    work->requests = work_allocate(layers * sizeof(MPI_Request));
    if (pool_init(&work->pool, (unsigned)work->rank + 1) != 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void work_close(work_t *work)
{
    free(work->gradients);
    free(work->requests);
    pool_free(&work->pool);
}

double work_seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* MPI_Barrier spins. Where ranks share a core, those that are early would keep
 * the others from finishing the step before. */
static void barrier_asleep(void)
{
    const struct timespec pause = {.tv_nsec = 20000};
    MPI_Request request;
    int done = 0;

    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    while (!done) {
        nanosleep(&pause, NULL);
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    }
}

void work_prepare(work_t *work)
{
    pool_fill(&work->pool, 1e-3F, work->gradients,
              (size_t)work->options->layers * (size_t)work->options->count);
    if (work->options->busy) {
        MPI_Barrier(MPI_COMM_WORLD);
    } else {
        barrier_asleep();
    }
}

void work_post(work_t *work)
{
    const options_t *options = work->options;
    float *gradient = work->gradients;

    for (int i = 0; i < options->layers; i++) {
        MPI_Iallreduce(MPI_IN_PLACE, gradient, options->count, MPI_FLOAT,
                       MPI_SUM, MPI_COMM_WORLD, &work->requests[i]);
        gradient += options->count;
    }
}

void work_wait(work_t *work)
{
    MPI_Waitall(work->options->layers, work->requests, MPI_STATUSES_IGNORE);
}
