#include "pmpi/ended.h"

#include "pmpi/engine.h"
#include "pmpi/finish.h"
#include "pmpi/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_bool due;

/* For rank 0's report. */
static const struct timespec grace = {0, 500000000};

static volatile pid_t owner; /* of the helper thread */

/* Async-signal-safe. A child of fork has this handler, but no helper. */
static void note(int number)
{
    int before = errno;

    if (getpid() != owner) {
        signal(number, SIG_DFL);
        raise(number);
    } else {
        atomic_store(&due, true);
        spar_helper_signal();
    }
    errno = before;
}

void spar_ended_watch(void)
{
    struct sigaction action;

    owner = getpid();
    if (sigaction(SIGTERM, NULL, &action) == 0 &&
        action.sa_handler == SIG_DFL) {
        memset(&action, 0, sizeof(action));
        sigemptyset(&action.sa_mask);
        action.sa_handler = note;
        action.sa_flags = SA_RESTART;
        sigaction(SIGTERM, &action, NULL);
    }
}

void spar_ended_unwatch(void)
{
    struct sigaction action;

    if (sigaction(SIGTERM, NULL, &action) == 0 && action.sa_handler == note) {
        signal(SIGTERM, SIG_DFL);
    }
}

void spar_ended_catch_up(void)
{
    if (atomic_exchange(&due, false)) {
        raise(SIGTERM);
    }
}

bool spar_ended_is_due(void)
{
    return atomic_load(&due);
}

void spar_ended_report(void)
{
    spar_finish_ended("the run was ended by a signal");
    if (spar_engine.rank != 0) {
        /* The first process that ends makes mpirun send SIGKILL to the others
         * at once, although it means to wait for a second. */
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &grace, NULL);
    }
    signal(SIGTERM, SIG_DFL);
    kill(getpid(), SIGTERM);
    /* The application may have blocked it meanwhile. */
    atomic_store(&due, false);
}
