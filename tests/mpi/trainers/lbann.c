/*
 * As LBANN does it with Aluminum: a progress thread starts an MPI_Iallreduce in
 * place for each weight tensor, in reverse order, and tests those under way
 * again and again, while the main thread computes; it waits for all of them
 * before the update. The sums of batch normalisation, forward and backward, go
 * the same way, and so does a sum per sample of a distributed softmax.
 */
#include "trainer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST 16

typedef struct state {
    float *values;
    int count;
    bool started, done; /* the progress thread's */
    bool told;          /* the main thread's */
    MPI_Request request;
} state_t;

static network_t network;
static int ranks;

/* Of the present step */
static state_t states[MOST];
static int posted, completed;
static bool over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void start(state_t *state)
{
    MPI_Iallreduce(MPI_IN_PLACE, state->values, state->count, MPI_FLOAT,
                   MPI_SUM, MPI_COMM_WORLD, &state->request);
    state->started = true;
}

/* Starts what is new and tests what is under way, outside the lock. */
static void advance(int count)
{
    for (int i = 0; i < count; i++) {
        int flag = 0;

        if (states[i].done) {
            continue;
        }
        if (!states[i].started) {
            start(&states[i]);
        }
        MPI_Test(&states[i].request, &flag, MPI_STATUS_IGNORE);
        states[i].done = flag != 0;
    }
}

static void tell(int count)
{
    int before = completed;

    completed = 0;
    for (int i = 0; i < count; i++) {
        states[i].told = states[i].done;
        completed += states[i].done;
    }
    if (completed > before) {
        pthread_cond_broadcast(&changed);
    }
}

static void *progress(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (!over) {
        int count = posted;

        if (completed == posted) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        pthread_mutex_unlock(&lock);
        advance(count);
        pthread_mutex_lock(&lock);
        tell(count);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static state_t *post(float *values, int count)
{
    state_t *state;

    pthread_mutex_lock(&lock);
    state = &states[posted++];
    *state = (state_t){.values = values, .count = count};
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return state;
}

static void end_step(void)
{
    pthread_mutex_lock(&lock);
    while (completed < posted) {
        pthread_cond_wait(&changed, &lock);
    }
    posted = completed = 0;
    pthread_mutex_unlock(&lock);
}

static void sum_statistics(float *values)
{
    const state_t *state = post(values, NETWORK_STATISTICS);

    pthread_mutex_lock(&lock);
    while (!state->told) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void sum_forward(float *values)
{
    static float samples[NETWORK_BATCH];

    sum_statistics(values);
    (void)post(samples, NETWORK_BATCH);
}

static void ready(int tensor)
{
    for (int i = 0; i < network_counts[tensor]; i++) {
        network.gradients[tensor][i] /= (float)ranks;
    }
    (void)post(network.gradients[tensor], network_counts[tensor]);
}

static void train(void)
{
    for (int step = 0; step < TRAINER_STEPS; step++) {
        network_differentiate(&network);
        end_step();
        network_step(&network, TRAINER_RATE);
    }
}

static void stop(pthread_t thread)
{
    pthread_mutex_lock(&lock);
    over = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    const network_hooks_t hooks = {sum_forward, sum_statistics, ready};
    int rank, provided, code;
    pthread_t thread;
    double loss;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank == 0) {
        printf("expect sparse count=%d\nexpect sparse count=%d\n"
               "expect dense count=%d\n",
               network_counts[TENSOR_FIRST], network_counts[TENSOR_LAST],
               NETWORK_STATISTICS);
    }
    network_init(&network, rank, ranks, &hooks);
    loss = network_loss(&network);
    pthread_create(&thread, NULL, progress, NULL);
    train();
    stop(thread);
    code = trainer_finish(&network, loss, MPI_COMM_WORLD);
    MPI_Finalize();
    return code;
}
