/*
 * As PyTorch's DistributedDataParallel does it on the MPI backend: one worker
 * thread makes all calls off a queue (MPI_THREAD_SERIALIZED), while the main
 * thread goes on with the backward pass. Gradients are divided by the number of
 * ranks and gathered in buckets, which are summed in place in the order of
 * their index. After the first step the buckets are made anew. SyncBatchNorm
 * gathers in the forward pass and sums 2 x channels values in the backward
 * pass; a map of the parameters that were used is summed as int32.
 */
#include "trainer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 2
#define TASKS   8

typedef enum kind {
    SUM_FLOATS,
    SUM_INTS,
    GATHER
} task_kind_t;

typedef struct task {
    task_kind_t kind;
    void *values;
    int count;
} task_t;

static int ranks;
static network_t network;

static task_t tasks[TASKS];
static int queued, taken, done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Which bucket has which tensor: first as registered, then as they come. */
static const int first_buckets[TENSORS] = {1, 1, 1, 0, 0};
static const int later_buckets[TENSORS] = {1, 0, 0, 0, 0};
static const int *buckets = first_buckets;
static float *bucket_values[BUCKETS];
static int bucket_counts[BUCKETS], bucket_missing[BUCKETS], next_bucket;
static float *places[TENSORS];

static void carry_out(const task_t *task)
{
    switch (task->kind) {
    case SUM_FLOATS:
        MPI_Allreduce(MPI_IN_PLACE, task->values, task->count, MPI_FLOAT,
                      MPI_SUM, MPI_COMM_WORLD);
        break;
    case SUM_INTS:
        MPI_Allreduce(MPI_IN_PLACE, task->values, task->count, MPI_INT32_T,
                      MPI_SUM, MPI_COMM_WORLD);
        break;
    case GATHER:
        MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, task->values,
                      task->count, MPI_FLOAT, MPI_COMM_WORLD);
        break;
    }
}

static void *work(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    for (;;) {
        task_t task;

        while (taken == queued) {
            pthread_cond_wait(&changed, &lock);
        }
        task = tasks[taken++ % TASKS];
        pthread_mutex_unlock(&lock);
        carry_out(&task);
        pthread_mutex_lock(&lock);
        done++;
        pthread_cond_broadcast(&changed);
    }
    return NULL;
}

static void submit(task_kind_t kind, void *values, int count)
{
    pthread_mutex_lock(&lock);
    tasks[queued++ % TASKS] = (task_t){kind, values, count};
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for_all(void)
{
    pthread_mutex_lock(&lock);
    while (done < queued) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void make_buckets(void)
{
    memset(bucket_counts, 0, sizeof(bucket_counts));
    for (int t = TENSORS - 1; t >= 0; t--) {
        bucket_counts[buckets[t]] += network_counts[t];
    }
    for (int b = 0; b < BUCKETS; b++) {
        free(bucket_values[b]);
        bucket_values[b] = calloc((size_t)bucket_counts[b], sizeof(float));
    }
    for (int t = TENSORS - 1, used[BUCKETS] = {0, 0}; t >= 0; t--) {
        places[t] = bucket_values[buckets[t]] + used[buckets[t]];
        used[buckets[t]] += network_counts[t];
    }
}

static void begin_backward(void)
{
    next_bucket = 0;
    memset(bucket_missing, 0, sizeof(bucket_missing));
    for (int t = 0; t < TENSORS; t++) {
        bucket_missing[buckets[t]]++;
    }
}

static void ready(int tensor)
{
    for (int i = 0; i < network_counts[tensor]; i++) {
        places[tensor][i] = network.gradients[tensor][i] / (float)ranks;
    }
    bucket_missing[buckets[tensor]]--;
    while (next_bucket < BUCKETS && bucket_missing[next_bucket] == 0) {
        submit(SUM_FLOATS, bucket_values[next_bucket],
               bucket_counts[next_bucket]);
        next_bucket++;
    }
}

static void end_backward(void)
{
    wait_for_all();
    for (int t = 0; t < TENSORS; t++) {
        memcpy(network.gradients[t], places[t],
               (size_t)network_counts[t] * sizeof(float));
    }
}

static void sum_forward(float *values)
{
    static float *all;
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (all == NULL) {
        all = calloc((size_t)ranks * NETWORK_STATISTICS, sizeof(float));
    }
    memcpy(all + (ptrdiff_t)rank * NETWORK_STATISTICS, values,
           NETWORK_STATISTICS * sizeof(float));
    submit(GATHER, all, NETWORK_STATISTICS);
    wait_for_all();
    memset(values, 0, NETWORK_STATISTICS * sizeof(float));
    for (int r = 0; r < ranks; r++) {
        for (int i = 0; i < NETWORK_STATISTICS; i++) {
            values[i] += all[r * NETWORK_STATISTICS + i];
        }
    }
}

static void sum_backward(float *values)
{
    submit(SUM_FLOATS, values, NETWORK_STATISTICS);
    wait_for_all();
}

static void train(void)
{
    int32_t used[TENSORS];

    for (int step = 0; step < TRAINER_STEPS; step++) {
        if (step < 2) {
            buckets = step == 0 ? first_buckets : later_buckets;
            make_buckets();
        }
        begin_backward();
        network_differentiate(&network);
        for (int t = 0; t < TENSORS; t++) {
            used[t] = 1;
        }
        submit(SUM_INTS, used, TENSORS);
        end_backward();
        network_step(&network, TRAINER_RATE);
    }
}

static void finalize(void)
{
    MPI_Finalize();
}

int main(int argc, char **argv)
{
    const network_hooks_t hooks = {sum_forward, sum_backward, ready};
    int rank, provided;
    pthread_t worker;
    double start;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    atexit(finalize);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank == 0) {
        printf("expect sparse count=%d\nexpect sparse count=%d\n"
               "expect dense count=%d\n",
               network_counts[TENSOR_FIRST],
               2 * NETWORK_HIDDEN + network_counts[TENSOR_LAST] +
                   network_counts[TENSOR_BIAS],
               NETWORK_STATISTICS);
    }
    network_init(&network, rank, ranks, &hooks);
    pthread_create(&worker, NULL, work, NULL);
    pthread_detach(worker);
    start = network_loss(&network);
    train();
    return trainer_finish(&network, start, MPI_COMM_WORLD);
}
