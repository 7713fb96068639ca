#include "compute.h"

#include <errno.h>
#include <math.h>
#include <time.h>

enum {
    SPIN = 1000 /* operations between two looks at the clock, about 1 us */
};

double compute_now(const compute_t *compute)
{
    struct timespec now;

    clock_gettime(compute->kind == COMPUTE_WORK ? CLOCK_THREAD_CPUTIME_ID
                                                : CLOCK_MONOTONIC,
                  &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void compute_begin(compute_t *compute, compute_kind_t kind)
{
    compute->kind = kind;
    compute->until = compute_now(compute);
    compute->due = 0;
}

void compute_add(compute_t *compute, double seconds)
{
    compute->until += seconds;
    compute->due += seconds;
}

static void sleep_until(double seconds)
{
    const double whole = floor(seconds);
    const struct timespec until = {.tv_sec = (time_t)whole,
                                   .tv_nsec = (long)(1e9 * (seconds - whole))};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR) {
    }
}

static void spin(void)
{
    volatile float value = 1;

    for (int i = 0; i < SPIN / 4; i++)
        value = value * 0.999F + 0.001F;
}

void compute_do(compute_t *compute)
{
    compute->due = 0;
    if (compute->kind == COMPUTE_SLEEP)
        sleep_until(compute->until);
    else
        while (compute_now(compute) < compute->until)
            spin();
}

void compute_pause(compute_t *compute, double since)
{
    compute->until += compute_now(compute) - since;
}

void compute_hold(compute_t *compute, double since)
{
    compute_pause(compute,
                  fmin(fmax(since, compute->until), compute_now(compute)));
}
