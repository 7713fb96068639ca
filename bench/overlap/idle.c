#include "bench/overlap/runs.h"
#include "bench/overlap/work.h"
#include "compute.h"

#include <stdio.h>
#include <time.h>

/* CPU seconds that threads other than the calling one have used. */
static double others_seconds(void)
{
    return work_seconds(CLOCK_PROCESS_CPUTIME_ID) -
           work_seconds(CLOCK_THREAD_CPUTIME_ID);
}

/* Percent of a core that the other threads use while this one sleeps. */
static double sleep_share(double seconds)
{
    double before = others_seconds();
    compute_t compute;

    compute_begin(&compute, COMPUTE_SLEEP);
    compute_add(&compute, seconds);
    compute_do(&compute);
    return 100 * (others_seconds() - before) / seconds;
}

static void print(const char *name, double share, int rank)
{
    double most;

    MPI_Reduce(&share, &most, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s_percent %.3f\n", name, most);
    }
}

/* The share while all ranks but the last wait for that one, which comes only
 * after they have looked. */
static double pending_share(work_t *work)
{
    double share = 0;

    work_prepare(work);
    if (work->rank < work->ranks - 1) {
        work_post(work);
        share = sleep_share(work->options->idle);
    } else {
        sleep_share(work->options->idle + 0.05);
        work_post(work);
    }
    work_wait(work);
    return share;
}

void idle_run(const options_t *options)
{
    double idle, pending;
    work_t work;

    work_open(&work, options);
    for (int i = 0; i < options->warmup; i++) {
        work_prepare(&work);
        work_post(&work);
        work_wait(&work);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    idle = sleep_share(options->idle);
    pending = pending_share(&work);
    print("idle", idle, work.rank);
    print("pending", pending, work.rank);
    work_close(&work);
}
