#include "pmpi/queue.h"

#include "base/log.h"

#include <stdlib.h>

spar_op_t *spar_queue_new(spar_comm_t *comm, spar_op_kind_t kind)
{
    spar_op_t *op = calloc(1, sizeof(*op));

    if (op == NULL) {
        spar_error("out of memory in MPI_Iallreduce");
        spar_real.Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    op->comm = comm;
    op->kind = kind;
    spar_queue_hold(comm);
    return op;
}

void spar_queue_hold(spar_comm_t *comm)
{
    pthread_mutex_lock(&comm->posting);
    comm->living++;
    pthread_mutex_unlock(&comm->posting);
}

void spar_queue_release(spar_comm_t *comm)
{
    pthread_mutex_lock(&comm->posting);
    comm->living--;
    pthread_mutex_unlock(&comm->posting);
}

void spar_queue_post(spar_op_t *op)
{
    spar_comm_t *comm = op->comm;

    op->next = NULL;
    pthread_mutex_lock(&comm->posting);
    op->number = comm->posted++;
    if (spar_queue_first(comm) == NULL) {
        atomic_store_explicit(&comm->queue, op, memory_order_release);
    } else {
        comm->last->next = op;
    }
    comm->last = op;
    pthread_mutex_unlock(&comm->posting);
}

/* Puts it in front of a list that the lock guards. */
static void push(_Atomic(spar_op_t *) *list, spar_op_t *op)
{
    pthread_mutex_lock(&op->comm->posting);
    op->next = atomic_load_explicit(list, memory_order_relaxed);
    atomic_store_explicit(list, op, memory_order_relaxed);
    pthread_mutex_unlock(&op->comm->posting);
}

static spar_op_t *pop(spar_comm_t *comm, _Atomic(spar_op_t *) *list)
{
    spar_op_t *op;

    if (atomic_load_explicit(list, memory_order_relaxed) == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&comm->posting);
    op = atomic_load_explicit(list, memory_order_relaxed);
    if (op != NULL) {
        atomic_store_explicit(list, op->next, memory_order_relaxed);
    }
    pthread_mutex_unlock(&comm->posting);
    return op;
}

void spar_queue_post_start(spar_op_t *op)
{
    push(&op->comm->started, op);
}

spar_op_t *spar_queue_take_start(spar_comm_t *comm)
{
    return pop(comm, &comm->started);
}

spar_op_t *spar_queue_first(spar_comm_t *comm)
{
    return atomic_load_explicit(&comm->queue, memory_order_acquire);
}

void spar_queue_pop(spar_comm_t *comm)
{
    pthread_mutex_lock(&comm->posting);
    atomic_store_explicit(&comm->queue, spar_queue_first(comm)->next,
                          memory_order_release);
    pthread_mutex_unlock(&comm->posting);
}

void spar_queue_return(spar_op_t *op)
{
    push(&op->comm->returned, op);
}

spar_op_t *spar_queue_take_returned(spar_comm_t *comm)
{
    return pop(comm, &comm->returned);
}

void spar_queue_free(spar_op_t *op)
{
    spar_queue_release(op->comm);
    free(op);
}

size_t spar_queue_living(spar_comm_t *comm)
{
    size_t living;

    pthread_mutex_lock(&comm->posting);
    living = comm->living;
    pthread_mutex_unlock(&comm->posting);
    return living;
}
