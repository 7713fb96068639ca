#include "pmpi/pace.h"

#include "base/clock.h"
#include "pmpi/engine.h"
#include "pmpi/helper.h"

#include <stdio.h>
#include <time.h>

/* Seconds between calls that are looked at: some at first, one now and then
 * later, because the clock of a thread's processor time is a system call. */
#define WINDOW        0.1
#define FIRST_WINDOWS 5
#define LATER_SECONDS 10.0
/* Below this share of processor time the application sleeps; one that computes
 * and shares its core with others gets more. */
#define BUSY_SHARE 0.2

static _Thread_local struct {
    double out_wall; /* when it last went out; 0: never */
    double out_cpu;
    double wall; /* seconds outside, in this window */
    double cpu;
    unsigned windows;
    double judged_at; /* last */
} pace;

static double processor_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_of_interest(void)
{
    if (spar_helper_is_eager() || !spar_helper_is_there() ||
        spar_engine.config.progress != SPAR_CONFIG_PROGRESS_AUTO) {
        return false;
    }
    return pace.windows < FIRST_WINDOWS ||
           spar_clock_now() - pace.judged_at > LATER_SECONDS;
}

static void judge(void)
{
    double share = pace.cpu / pace.wall;
    char why[96];

    if (share < BUSY_SHARE) {
        snprintf(why, sizeof(why),
                 "the application sleeps: busy for %.0f %% of the time between "
                 "its calls",
                 100 * share);
        spar_helper_become_eager(why);
    }
    pace.wall = 0;
    pace.cpu = 0;
    pace.windows++;
    pace.judged_at = spar_clock_now();
}

void spar_pace_enter(void)
{
    if (pace.out_wall <= 0 || !is_of_interest()) {
        return;
    }
    pace.wall += spar_clock_now() - pace.out_wall;
    pace.cpu += processor_seconds() - pace.out_cpu;
    if (pace.wall > WINDOW) {
        judge();
    }
}

void spar_pace_leave(void)
{
    if (is_of_interest()) {
        pace.out_wall = spar_clock_now();
        pace.out_cpu = processor_seconds();
    } else {
        pace.out_wall = 0;
    }
}
