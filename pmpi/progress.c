#include "pmpi/progress.h"

#include "base/clock.h"
#include "pmpi/advance.h"
#include "pmpi/helper.h"
#include "pmpi/queue.h"
#include "pmpi/steps.h"

#include <sched.h>

/* Polls before the processor is offered to others. Ranks that share cores
 * would otherwise starve the one that everybody waits for; where nobody else
 * is ready, offering costs less than a poll. */
#define POLLS_BEFORE_YIELD 2

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static spar_comm_t *list; /* communicators with pending calls */
static atomic_uint pending_total;
static atomic_uint callers;
static atomic_uint caller_sweeps;

unsigned spar_progress_add(spar_comm_t *comm)
{
    unsigned pending;

    pthread_mutex_lock(&list_lock);
    pending = ++comm->pending;
    if (!comm->listed) {
        comm->listed = true;
        comm->listed_next = list;
        list = comm;
    }
    pthread_mutex_unlock(&list_lock);
    atomic_fetch_add(&pending_total, 1);
    return pending;
}

void spar_progress_remove(spar_comm_t *comm)
{
    pthread_mutex_lock(&list_lock);
    comm->pending--;
    pthread_mutex_unlock(&list_lock);
    atomic_fetch_sub(&pending_total, 1);
}

unsigned spar_progress_pending(void)
{
    return atomic_load(&pending_total);
}

/* With the list locked. */
static void drop_if_idle(spar_comm_t *comm)
{
    spar_comm_t **link = &list;

    if (comm->pending > 0 || comm->sweepers > 0) {
        return;
    }
    while (*link != comm) {
        link = &(*link)->listed_next;
    }
    *link = comm->listed_next;
    comm->listed = false;
}

bool spar_progress_has_left(const spar_comm_t *comm)
{
    bool left;

    pthread_mutex_lock(&list_lock);
    left = !comm->listed && comm->sweepers == 0;
    pthread_mutex_unlock(&list_lock);
    return left;
}

/* Every communicator with pending calls that nobody else looks at; whether any
 * is what is asked for, or, with `taken`, is looked at by somebody else. */
static bool visit_all(bool (*visit)(spar_comm_t *comm), bool taken)
{
    spar_comm_t *comm, *next;
    bool any = false;

    pthread_mutex_lock(&list_lock);
    for (comm = list; comm != NULL; comm = next) {
        /* Keeps it in the list, and alive. */
        comm->sweepers++;
        pthread_mutex_unlock(&list_lock);
        if (pthread_mutex_trylock(&comm->busy) == 0) {
            any = visit(comm) || any;
            pthread_mutex_unlock(&comm->busy);
        } else {
            any = any || taken;
        }
        pthread_mutex_lock(&list_lock);
        comm->sweepers--;
        next = comm->listed_next;
        drop_if_idle(comm);
    }
    pthread_mutex_unlock(&list_lock);
    return any;
}

bool spar_progress_sweep(void)
{
    return visit_all(spar_advance, false);
}

static void sweep_as_caller(void)
{
    atomic_fetch_add_explicit(&caller_sweeps, 1, memory_order_relaxed);
    (void)spar_progress_sweep();
}

void spar_progress_touch(void)
{
    spar_steps_stop_late();
    if (!spar_helper_is_eager() && spar_progress_pending() > 0) {
        sweep_as_caller();
    }
}

void spar_progress_enter(void)
{
    atomic_fetch_add(&callers, 1);
}

void spar_progress_leave(void)
{
    if (atomic_fetch_sub(&callers, 1) == 1 && spar_progress_pending() > 0) {
        spar_helper_wake();
    }
}

void spar_progress_step(unsigned *polls)
{
    sweep_as_caller();
    spar_steps_stop_late();
    if (++*polls % POLLS_BEFORE_YIELD == 0) {
        sched_yield();
    }
}

bool spar_progress_has_caller(void)
{
    return atomic_load(&callers) > 0;
}

unsigned spar_progress_caller_sweeps(void)
{
    return atomic_load_explicit(&caller_sweeps, memory_order_relaxed);
}

/* Calls behind the last step of the job are never started. */
static bool has_calls(spar_comm_t *comm)
{
    const spar_op_t *first = spar_queue_first(comm);

    return comm->active != NULL || comm->standing_active != NULL ||
           atomic_load(&comm->started) != NULL ||
           (first != NULL && first->number < atomic_load(&comm->stop_at));
}

bool spar_progress_drain(double seconds)
{
    double end = spar_clock_now() + seconds;
    bool left;

    while ((left = visit_all(has_calls, true)) && spar_clock_now() < end) {
        sweep_as_caller();
        sched_yield();
    }
    return !left;
}

void spar_progress_wait(spar_op_t *op)
{
    unsigned polls = 0;

    while (spar_op_is_pending(op)) {
        if (op->number >=
            atomic_load_explicit(&op->comm->stop_at, memory_order_relaxed)) {
            spar_steps_stop_job();
        }
        spar_progress_step(&polls);
    }
}
