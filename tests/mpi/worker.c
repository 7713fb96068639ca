/*
 * How PyTorch's MPI backend uses MPI: a thread of its own takes sums off a
 * queue and makes the calls, while the main thread exchanges messages; a lock
 * makes the calls one at a time (MPI_THREAD_SERIALIZED). The worker still
 * lives when main returns, and MPI_Finalize is called by an atexit handler.
 * With --funneled or --single, the main thread does it all.
 */
#include <mpi.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gradients.h"
#include "watchdog.h"

#define LAYERS 3
#define STEPS  50

typedef struct task {
    int layer;
    bool blocking; /* MPI_Allreduce, else MPI_Iallreduce and a completion */
} task_t;

static const int counts[LAYERS] = {20000, 5000, 30000};
static float *gradient[LAYERS];
static double *delivered[LAYERS], *expected[LAYERS];
static int rank, size, failures;

/* The queue: what lies in it, and what was taken off and done */
static task_t tasks[LAYERS];
static int queued, taken, done;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_changed = PTHREAD_COND_INITIALIZER;

static pthread_mutex_t mpi_lock = PTHREAD_MUTEX_INITIALIZER;

static void poll(MPI_Request *request)
{
    struct timespec nap = {0, 100000};
    int flag = 0;

    while (!flag) {
        pthread_mutex_lock(&mpi_lock);
        MPI_Test(request, &flag, MPI_STATUS_IGNORE);
        pthread_mutex_unlock(&mpi_lock);
        nanosleep(&nap, NULL);
    }
}

static void carry_out(const task_t *task)
{
    int l = task->layer;
    MPI_Request request;

    pthread_mutex_lock(&mpi_lock);
    if (task->blocking) {
        MPI_Allreduce(MPI_IN_PLACE, gradient[l], counts[l], MPI_FLOAT, MPI_SUM,
                      MPI_COMM_WORLD);
    } else {
        MPI_Iallreduce(MPI_IN_PLACE, gradient[l], counts[l], MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &request);
    }
    if (!task->blocking && l == 1) {
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    pthread_mutex_unlock(&mpi_lock);
    if (!task->blocking && l != 1) {
        poll(&request);
    }
}

static void *work(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&queue_lock);
    for (;;) {
        task_t task;

        while (taken == queued) {
            pthread_cond_wait(&queue_changed, &queue_lock);
        }
        task = tasks[taken++];
        pthread_mutex_unlock(&queue_lock);
        carry_out(&task);
        pthread_mutex_lock(&queue_lock);
        done++;
        pthread_cond_broadcast(&queue_changed);
    }
    return NULL;
}

static void submit(bool threaded, int layer, bool blocking)
{
    task_t task = {layer, blocking};

    if (!threaded) {
        carry_out(&task);
        return;
    }
    pthread_mutex_lock(&queue_lock);
    tasks[queued++] = task;
    pthread_cond_broadcast(&queue_changed);
    pthread_mutex_unlock(&queue_lock);
}

static void wait_for_worker(void)
{
    pthread_mutex_lock(&queue_lock);
    while (done < queued) {
        pthread_cond_wait(&queue_changed, &queue_lock);
    }
    queued = taken = done = 0;
    pthread_mutex_unlock(&queue_lock);
}

/* The main thread's own messages, while the worker is busy */
static void exchange_messages(int step)
{
    int out = rank + step, in = -1;
    int before = (rank + size - 1) % size;
    MPI_Request requests[2];

    pthread_mutex_lock(&mpi_lock);
    MPI_Irecv(&in, 1, MPI_INT, before, step, MPI_COMM_WORLD, &requests[0]);
    MPI_Isend(&out, 1, MPI_INT, (rank + 1) % size, step, MPI_COMM_WORLD,
              &requests[1]);
    pthread_mutex_unlock(&mpi_lock);
    poll(&requests[0]);
    poll(&requests[1]);
    failures += in != before + step;
}

static void account(int step)
{
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < counts[l]; i++) {
            delivered[l][i] += gradient[l][i];
            expected[l][i] += gradient_sum(size, step, l, i);
        }
    }
}

static void train(bool threaded)
{
    for (int step = 0; step < STEPS; step++) {
        for (int l = 0; l < LAYERS; l++) {
            for (int i = 0; i < counts[l]; i++) {
                gradient[l][i] = (float)gradient_sample(rank, step, l, i);
            }
        }
        if (step == STEPS - 1) {
            pthread_mutex_lock(&mpi_lock);
            MPI_Pcontrol(2);
            pthread_mutex_unlock(&mpi_lock);
        }
        for (int l = 0; l < LAYERS; l++) {
            submit(threaded, l, l == 2);
        }
        exchange_messages(step);
        wait_for_worker();
        account(step);
    }
}

static void finalize(void)
{
    MPI_Finalize();
}

static int start(int argc, char **argv)
{
    int wanted = MPI_THREAD_SERIALIZED, provided, level;

    if (argc > 1 && strcmp(argv[1], "--funneled") == 0) {
        wanted = MPI_THREAD_FUNNELED;
    } else if (argc > 1 && strcmp(argv[1], "--single") == 0) {
        wanted = MPI_THREAD_SINGLE;
    }
    MPI_Init_thread(&argc, &argv, wanted, &provided);
    atexit(finalize);
    MPI_Query_thread(&level);
    failures += provided < wanted || level != provided;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return wanted;
}

int main(int argc, char **argv)
{
    bool threaded = start(argc, argv) == MPI_THREAD_SERIALIZED;
    pthread_t worker;

    watchdog_feed("the worker");
    for (int l = 0; l < LAYERS; l++) {
        gradient[l] = calloc((size_t)counts[l], sizeof(float));
        delivered[l] = calloc((size_t)counts[l], sizeof(double));
        expected[l] = calloc((size_t)counts[l], sizeof(double));
    }
    if (threaded) {
        pthread_create(&worker, NULL, work, NULL);
        pthread_detach(worker);
    }
    train(threaded);
    for (int l = 0; l < LAYERS; l++) {
        failures += memcmp(delivered[l], expected[l],
                           sizeof(double) * (size_t)counts[l]) != 0;
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    return failures == 0 ? 0 : 1;
}
