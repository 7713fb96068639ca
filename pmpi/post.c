#include "pmpi/post.h"

#include "base/clock.h"
#include "base/log.h"
#include "pmpi/advance.h"
#include "pmpi/dense_call.h"
#include "pmpi/engine.h"
#include "pmpi/helper.h"
#include "pmpi/pace.h"
#include "pmpi/progress.h"
#include "pmpi/queue.h"
#include "pmpi/reach.h"
#include "pmpi/requests.h"
#include "pmpi/standing.h"
#include "pmpi/steps.h"
#include "pmpi/user_op.h"

static void fill(spar_op_t *op, spar_dtype_t dtype,
                 const spar_allreduce_call_t *call)
{
    spar_comm_t *comm = op->comm;

    op->stage = SPAR_OP_QUEUED;
    op->call = *call;
    op->posted = spar_clock_now();
    op->clock_posted = op->posted - spar_timeline_blocked();
    op->what.dtype = dtype;
    op->what.element =
        dtype == SPAR_DTYPE_BITS16 ? spar_user_op_hold(call) : dtype;
    op->what.count = (uint64_t)call->count;
    op->what.marker = comm->marker;
    op->what.nonblocking = op->kind != SPAR_OP_BLOCKING;
    op->what.address = (uintptr_t)call->recvbuf;
    op->what.input = (uintptr_t)spar_op_gradient(op);
    op->what.begin = op->posted;
    spar_reach_find(op);
    op->paused = atomic_load(&spar_engine.paused);
    op->flush_epoch = atomic_load(&spar_engine.flush_epoch);
}

static void count(spar_op_t *op)
{
    op->counted = true;
    op->depth = spar_progress_add(op->comm);
}

static void post(spar_op_t *op)
{
    count(op);
    spar_queue_post(op);
}

/* The plan says dense: the call is made as if Spar were not there. MPI tells of
 * its own errors; what fails behind it is told here. */
static void run_dense(spar_op_t *op)
{
    bool done;
    int code;

    do {
        code = spar_dense_call(&op->call);
        pthread_mutex_lock(&op->comm->busy);
        done = spar_advance_caller_done(op, code);
        pthread_mutex_unlock(&op->comm->busy);
    } while (!done);
    if (code == MPI_SUCCESS && op->code != MPI_SUCCESS) {
        spar_real.Comm_call_errhandler(op->call.comm, op->code);
    }
}

int spar_post_blocking(spar_comm_t *comm, spar_dtype_t dtype,
                       const spar_allreduce_call_t *call)
{
    spar_op_t op = {.comm = comm, .kind = SPAR_OP_BLOCKING};

    fill(&op, dtype, call);
    op.clock_needed = op.clock_posted;
    op.aside = spar_timeline_is_aside();
    comm->marker = 0;
    post(&op);
    spar_progress_enter();
    spar_progress_wait(&op);
    spar_progress_leave();
    if (atomic_load(&op.state) == SPAR_OP_YOUR_TURN) {
        run_dense(&op);
    } else if (op.code != MPI_SUCCESS) {
        /* Returns if the handler returns. */
        spar_real.Comm_call_errhandler(call->comm, op.code);
    }
    spar_timeline_add_blocked(spar_clock_now() - op.posted);
    spar_tracing_wait(&op);
    return op.code;
}

static void open_request(spar_op_t *op, MPI_Request *request_p)
{
    if (spar_requests_open(op) != MPI_SUCCESS) {
        spar_error("no request for MPI_Iallreduce: the other ranks would wait");
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
    *request_p = op->request;
}

/* Behind a post: the call is advanced here, or the helper told of it. What that
 * takes is no computation of the application's. */
static void see_to(spar_op_t *op)
{
    spar_progress_touch();
    spar_helper_wake();
    op->post_seconds = spar_clock_now() - op->posted;
    spar_timeline_add_blocked(op->post_seconds);
    spar_pace_leave();
}

static void post_request(spar_comm_t *comm, spar_dtype_t dtype,
                         const spar_allreduce_call_t *call,
                         MPI_Request *request_p)
{
    spar_op_t *op = spar_queue_new(comm, SPAR_OP_REQUEST);

    spar_pace_enter();
    fill(op, dtype, call);
    comm->marker = 0;
    open_request(op, request_p);
    post(op);
    see_to(op);
}

void spar_post_start(spar_standing_t *standing, MPI_Request *request_p)
{
    spar_op_t *op = spar_queue_new(standing->comm, SPAR_OP_REQUEST);

    spar_pace_enter();
    fill(op, standing->dtype, &standing->call);
    op->standing = standing;
    open_request(op, request_p);
    count(op);
    spar_queue_post_start(op);
    see_to(op);
}

bool spar_post_takes_requests(void)
{
    return spar_engine.config.mode != SPAR_MODE_DENSE && spar_helper_is_there();
}

/* Nearly always the note is all that there is to do: then nobody else is told
 * of it. */
static bool note_at_once(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    if (pthread_mutex_trylock(&comm->busy) != 0) {
        return false;
    }
    spar_queue_post(op);
    (void)spar_advance(comm);
    if (spar_queue_first(comm) != NULL) {
        count(op);
    }
    pthread_mutex_unlock(&comm->busy);
    return true;
}

static void post_note(spar_comm_t *comm, spar_dtype_t dtype,
                      const spar_allreduce_call_t *call)
{
    spar_op_t *op = spar_queue_new(comm, SPAR_OP_NOTE);

    fill(op, dtype, call);
    comm->marker = 0;
    if (!note_at_once(op)) {
        post(op);
    }
    spar_steps_stop_late();
}

bool spar_post_nonblocking(spar_comm_t *comm, spar_dtype_t dtype,
                           const spar_allreduce_call_t *call,
                           MPI_Request *request_p)
{
    if (!spar_post_takes_requests()) {
        post_note(comm, dtype, call);
        return false;
    }
    post_request(comm, dtype, call, request_p);
    return true;
}
