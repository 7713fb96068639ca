/*
 * A second thread that sums gradients, as Horovod's background thread and that
 * of PyTorch's MPI backend do: one blocking call after another, while the first
 * thread computes. Needs MPI_THREAD_MULTIPLE.
 */
#ifndef REPLAY_WORKER_H
#define REPLAY_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "trace.h"

typedef struct worker {
    const trace_t *trace;
    float *gradients; /* of all layers, the last layer's first */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int ready; /* layers whose gradients are there, the last layer first */
    int done;  /* layers that are summed */
    bool ends;
} worker_t;

/* 0, or -1 where no thread can be had. The gradients stay the caller's. */
int worker_start(worker_t *worker, const trace_t *trace, float *gradients);

/* Waits for the thread's end; what was posted must have been waited for. */
void worker_stop(worker_t *worker);

/* The gradient of one more layer is there. */
void worker_post(worker_t *worker);

/* Returns when all layers of the trace are summed; the next step can begin. */
void worker_wait(worker_t *worker);

#endif
