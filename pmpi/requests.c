#include "pmpi/requests.h"

#include "base/clock.h"
#include "pmpi/comm.h"
#include "pmpi/queue.h"

#include <math.h>

#define BUCKETS 1024u

/* Seconds between two calls that complete requests in which nobody computes: a
 * thread that tests again and again waits. */
#define POLL_GAP 10e-6

atomic_uint spar_requests_live;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static spar_op_t *buckets[BUCKETS];

/* What this thread's present completion call finds out, and what is left of
 * the one before. */
static _Thread_local struct {
    double begun;         /* seconds; 0: none */
    double blocked_since; /* seconds; of what is completed next: earlier by what
                             calls that completed nothing took */
    int code;             /* of the first call that failed */
    MPI_Comm comm;        /* its communicator */
    double ended;         /* seconds; the call before; 0: none */
    double clock;         /* then, the application's */
    double unclaimed;     /* seconds blocked since the latest completion */
} completion;

static spar_op_t **bucket_of(MPI_Request request)
{
    return &buckets[spar_real_hash((uintptr_t)request) % BUCKETS];
}

static void insert(spar_op_t *op)
{
    spar_op_t **bucket = bucket_of(op->request);

    pthread_mutex_lock(&table_lock);
    op->chain = *bucket;
    *bucket = op;
    pthread_mutex_unlock(&table_lock);
    atomic_fetch_add(&spar_requests_live, 1);
}

static void withdraw(spar_op_t *op)
{
    spar_op_t **link = bucket_of(op->request);

    pthread_mutex_lock(&table_lock);
    while (*link != op) {
        link = &(*link)->chain;
    }
    *link = op->chain;
    pthread_mutex_unlock(&table_lock);
    atomic_fetch_sub(&spar_requests_live, 1);
}

spar_op_t *spar_requests_find(MPI_Request request)
{
    spar_op_t *op;

    pthread_mutex_lock(&table_lock);
    for (op = *bucket_of(request); op != NULL; op = op->chain) {
        if (op->request == request) {
            break;
        }
    }
    pthread_mutex_unlock(&table_lock);
    return op;
}

/* Errors belong to the error handler of the call's communicator. */
static void note_failure(spar_op_t *op)
{
    if (op->code != MPI_SUCCESS && completion.begun > 0 &&
        !atomic_exchange(&op->raised, true)) {
        completion.code = op->code;
        completion.comm =
            atomic_load(&op->comm->freed) ? MPI_COMM_WORLD : op->comm->handle;
    }
}

/* Tells MPI of no error: it would call the handler of MPI_COMM_WORLD. Runs in
 * the thread that completes the request. */
static int query(void *extra, MPI_Status *status)
{
    spar_op_t *op = extra;

    (void)atomic_load_explicit(&op->told, memory_order_acquire);
    status->MPI_SOURCE = MPI_UNDEFINED;
    status->MPI_TAG = MPI_UNDEFINED;
    status->MPI_ERROR = MPI_SUCCESS;
    spar_real.Status_set_elements(status, MPI_BYTE, 0);
    spar_real.Status_set_cancelled(status, 0);
    note_failure(op);
    return MPI_SUCCESS;
}

static void note_wait(spar_op_t *op)
{
    double since = fmax(completion.blocked_since, op->posted);

    if (op->completed > since) {
        op->waited = op->completed - since;
        spar_tracing_wait(op);
    }
    completion.blocked_since = fmax(completion.blocked_since, op->completed);
}

/* The application has completed the request. Calls that end one after the
 * other share the time for which it waited. May run in the helper thread, if
 * the application is faster than the end of MPI_Grequest_complete. */
static int release(void *extra)
{
    spar_op_t *op = extra;

    (void)atomic_load_explicit(&op->told, memory_order_acquire);
    if (completion.begun > 0) {
        op->clock_needed = completion.begun - spar_timeline_blocked();
        note_wait(op);
    }
    note_failure(op);
    withdraw(op);
    spar_queue_return(op);
    return MPI_SUCCESS;
}

/* Nonblocking collective calls cannot be canceled. */
static int cancel(void *extra, int complete)
{
    (void)extra;
    (void)complete;
    return MPI_SUCCESS;
}

int spar_requests_open(spar_op_t *op)
{
    int code =
        spar_real.Grequest_start(query, release, cancel, op, &op->request);

    if (code == MPI_SUCCESS) {
        insert(op);
    }
    return code;
}

void spar_requests_begin(void)
{
    double gap; /* on the application's clock */

    completion.begun = spar_clock_now();
    gap = completion.begun - spar_timeline_blocked() - completion.clock;
    if (completion.ended > 0 && gap < POLL_GAP) {
        completion.unclaimed += gap;
        spar_timeline_add_blocked(gap);
    } else {
        completion.unclaimed = 0;
    }
    completion.blocked_since = completion.begun - completion.unclaimed;
    completion.code = MPI_SUCCESS;
}

int spar_requests_end(int code)
{
    completion.ended = spar_clock_now();
    completion.unclaimed = completion.ended - completion.blocked_since;
    spar_timeline_add_blocked(completion.ended - completion.begun);
    completion.clock = completion.ended - spar_timeline_blocked();
    completion.begun = 0;
    if (completion.code != MPI_SUCCESS) {
        int failure = completion.code;

        completion.code = MPI_SUCCESS;
        /* Returns if the handler returns. */
        spar_real.Comm_call_errhandler(completion.comm, failure);
        return code == MPI_SUCCESS ? failure : code;
    }
    return code;
}
