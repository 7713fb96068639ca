#include "worker.h"

#include <mpi.h>

/* Returns when the gradient of the next layer is there, or false at the end. */
static bool next_is_ready(worker_t *worker)
{
    bool ready;

    pthread_mutex_lock(&worker->lock);
    while (worker->ready == worker->done && !worker->ends)
        pthread_cond_wait(&worker->changed, &worker->lock);
    ready = worker->ready > worker->done;
    pthread_mutex_unlock(&worker->lock);
    return ready;
}

static void count_done(worker_t *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->done++;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

/* False when the thread is to end. */
static bool sum_step(worker_t *worker)
{
    float *gradient = worker->gradients;

    for (int i = worker->trace->count - 1; i >= 0; i--) {
        const size_t elements = worker->trace->layers[i].elements;

        if (!next_is_ready(worker))
            return false;
        MPI_Allreduce(MPI_IN_PLACE, gradient, (int)elements, MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
        gradient += elements;
        count_done(worker);
    }
    return true;
}

static void *work(void *argument)
{
    while (sum_step(argument)) {
    }
    return NULL;
}

int worker_start(worker_t *worker, const trace_t *trace, float *gradients)
{
    *worker = (worker_t){.trace = trace,
                         .gradients = gradients,
                         .lock = PTHREAD_MUTEX_INITIALIZER,
                         .changed = PTHREAD_COND_INITIALIZER};
    return pthread_create(&worker->thread, NULL, work, worker) == 0 ? 0 : -1;
}

void worker_stop(worker_t *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->ends = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
}

void worker_post(worker_t *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->ready++;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void worker_wait(worker_t *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (worker->done < worker->trace->count)
        pthread_cond_wait(&worker->changed, &worker->lock);
    worker->ready = 0;
    worker->done = 0;
    pthread_mutex_unlock(&worker->lock);
}
