#include "pmpi/helper.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/agree.h"
#include "pmpi/ended.h"
#include "pmpi/engine.h"
#include "pmpi/progress.h"
#include "pmpi/spare.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

/* A nap lasts this share of the time since something last moved, within the
 * bounds: what the naps add to an exchange is a part of its own length, and a
 * rank that waits long for a late peer costs next to nothing. */
#define NAP_SHARE    0.125
#define SHORTEST_NAP 10e-6
#define LONGEST_NAP  5e-3
/* An agreement takes several messages one after the other, which do not show as
 * movement: ranks that nap as long as they have waited keep each other asleep.
 * So for a while naps are short. */
#define AGREEING_NAP   20e-6
#define AGREEING_WHILE 20e-3
/* Without a call of the application for that long, a patient helper acts. */
#define PATIENCE 5e-3

static struct {
    pthread_t thread;
    bool there;           /* the thread, which may only write reports */
    atomic_bool advances; /* it makes MPI calls; the same on all ranks */
    bool took_over;       /* `advances` was true once */
    atomic_bool stop;
    atomic_bool eager;
    atomic_bool parked;
    sem_t wake;
    pthread_mutex_t lock; /* of `why` */
    char why[160];
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool spar_helper_is_eager(void)
{
    return atomic_load_explicit(&helper.eager, memory_order_relaxed);
}

bool spar_helper_is_there(void)
{
    return helper.advances;
}

void spar_helper_wake(void)
{
    if (atomic_exchange(&helper.parked, false)) {
        sem_post(&helper.wake);
    }
}

static void nap(double seconds)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = (long)(seconds * 1e9)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static bool is_called_away(void)
{
    return atomic_load(&helper.stop) || spar_ended_is_due();
}

static bool has_work(void)
{
    return helper.advances && spar_progress_pending() > 0 &&
           !spar_progress_has_caller();
}

static void park(void)
{
    atomic_store(&helper.parked, true);
    if (has_work() || is_called_away()) {
        atomic_store(&helper.parked, false);
        return;
    }
    while (sem_wait(&helper.wake) != 0 && errno == EINTR) {
    }
    atomic_store(&helper.parked, false);
}

static void nap_for(double idle)
{
    double longest = spar_agree_is_under_way() && idle < AGREEING_WHILE
                         ? AGREEING_NAP
                         : LONGEST_NAP;
    double pause = fmin(NAP_SHARE * idle, longest);

    if (pause < SHORTEST_NAP) {
        sched_yield();
    } else {
        nap(pause);
    }
}

/* Sweeps until nothing is pending or a caller takes over. */
static void work(void)
{
    unsigned sweeps = spar_progress_caller_sweeps();
    double moved_at = spar_clock_now();

    while (has_work() && !is_called_away() &&
           spar_progress_caller_sweeps() == sweeps) {
        if (spar_progress_sweep()) {
            moved_at = spar_clock_now();
        } else {
            nap_for(spar_clock_now() - moved_at);
        }
    }
}

/* Waits as long as the application's own calls do the work. */
static void be_patient(void)
{
    unsigned sweeps;

    do {
        sweeps = spar_progress_caller_sweeps();
        nap(PATIENCE);
    } while (has_work() && !is_called_away() && !spar_helper_is_eager() &&
             spar_progress_caller_sweeps() != sweeps);
}

static void *run(void *argument)
{
    spar_spare_t *spare = argument;

    spar_tracing_name_helper();
    spar_spare_bind(spare);
    spar_spare_close(spare);
    /* The default lets the kernel prolong naps by 50 microseconds. */
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    while (!atomic_load(&helper.stop)) {
        if (spar_ended_is_due()) {
            spar_ended_report();
        }
        park();
        if (has_work() && !spar_helper_is_eager()) {
            be_patient();
        }
        work();
    }
    return NULL;
}

static void set_why(const char *why)
{
    pthread_mutex_lock(&helper.lock);
    snprintf(helper.why, sizeof(helper.why), "%s", why);
    pthread_mutex_unlock(&helper.lock);
}

static void choose(const spar_spare_t *spare)
{
    switch ((spar_config_progress_t)spar_engine.config.progress) {
    case SPAR_CONFIG_PROGRESS_THREAD:
        helper.eager = true;
        set_why("SPAR_PROGRESS=thread");
        break;
    case SPAR_CONFIG_PROGRESS_INLINE:
        set_why("SPAR_PROGRESS=inline");
        break;
    case SPAR_CONFIG_PROGRESS_AUTO:
        helper.eager = spar_spare_is_there(spare);
        set_why(spar_spare_why(spare));
        break;
    }
}

/* The application's signal handlers must not run in this thread. */
static bool create(spar_spare_t *spare)
{
    sigset_t all, before;
    bool created;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    created = pthread_create(&helper.thread, NULL, run, spare) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
}

/* Why the helper may not advance calls; NULL: it may. */
static const char *objection(int everywhere)
{
    if (spar_engine.config.mode == SPAR_MODE_DENSE) {
        return "mode dense: non-blocking calls are passed on";
    }
    if (!spar_engine.has_threads) {
        return "this MPI has no MPI_THREAD_MULTIPLE: non-blocking calls are "
               "passed on";
    }
    return everywhere ? NULL
                      : "no helper thread on some rank: non-blocking calls are "
                        "passed on";
}

void spar_helper_start(MPI_Comm node)
{
    static spar_spare_t spare;
    int can, everywhere = 0;

    spar_spare_find(node, &spare);
    choose(&spare);
    sem_init(&helper.wake, 0, 0);
    helper.there = create(&spare);
    if (!helper.there) {
        spar_spare_close(&spare);
    }
    /* What is done with non-blocking calls depends on it. */
    can = helper.there && spar_engine.has_threads;
    spar_real.Allreduce(&can, &everywhere, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (objection(everywhere) == NULL) {
        helper.advances = true;
        helper.took_over = true;
    } else {
        helper.eager = false;
        set_why(objection(everywhere));
    }
    if (helper.there) {
        spar_ended_watch();
    }
}

void spar_helper_stop(void)
{
    if (!helper.there) {
        return;
    }
    spar_ended_unwatch();
    atomic_store(&helper.stop, true);
    sem_post(&helper.wake);
    pthread_join(helper.thread, NULL);
    helper.there = false;
    helper.advances = false;
    spar_ended_catch_up();
}

void spar_helper_signal(void)
{
    sem_post(&helper.wake);
}

void spar_helper_become_eager(const char *why)
{
    if (helper.advances && !atomic_exchange(&helper.eager, true)) {
        set_why(why);
        spar_info("the helper thread advances exchanges: %s", why);
    }
}

void spar_helper_describe(char *text, size_t size)
{
    const char *who =
        spar_helper_is_eager() ? "a helper thread" : "the application's calls";

    pthread_mutex_lock(&helper.lock);
    if (helper.took_over) {
        snprintf(text, size, "%s (%s)", who, helper.why);
    } else {
        snprintf(text, size, "%s", helper.why);
    }
    pthread_mutex_unlock(&helper.lock);
}
