/*
 * MPI_THREAD_MULTIPLE: threads that train at the same time, each with
 * non-blocking sums on a communicator of its own, completed in all of MPI's
 * ways. One thread does nothing but poll MPI_Test. What was delivered over the
 * run, with a final flush, is exactly what was put in.
 */
#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "completion.h"
#include "gradients.h"
#include "traffic.h"
#include "watchdog.h"

#define THREADS  3
#define POLLER   (THREADS - 1)
#define LAYERS   3
#define REQUESTS (LAYERS + TRAFFIC_REQUESTS)
#define STEPS    60

static const int counts[LAYERS] = {20000, 5000, 4096};
static atomic_int failures;

typedef struct trainer {
    int index;
    MPI_Comm comm;
    int rank, size;
    float *gradient[LAYERS];
    double *delivered[LAYERS], *expected[LAYERS];
    MPI_Request requests[REQUESTS];
    completion_entry_t entries[REQUESTS];
    traffic_t traffic;
} trainer_t;

static int layer_id(const trainer_t *t, int l)
{
    return t->index * LAYERS + l;
}

static void post(trainer_t *t, int step)
{
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < counts[l]; i++) {
            t->gradient[l][i] =
                (float)gradient_sample(t->rank, step, layer_id(t, l), i);
        }
        MPI_Iallreduce(MPI_IN_PLACE, t->gradient[l], counts[l], MPI_FLOAT,
                       MPI_SUM, t->comm, &t->requests[l]);
        t->entries[l] = (completion_entry_t){.active = true};
    }
    traffic_post(&t->traffic, step, t->requests + LAYERS, t->entries + LAYERS);
}

static int complete(trainer_t *t, int step)
{
    completion_way_t way = t->index == POLLER
                               ? COMPLETION_TEST
                               : (completion_way_t)(step % COMPLETION_WAYS);

    if (completion_run(way, REQUESTS, t->requests, t->entries, step % 3 > 0) >
        0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return !traffic_arrived(&t->traffic);
}

static void account(trainer_t *t, int step)
{
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < counts[l]; i++) {
            t->delivered[l][i] += t->gradient[l][i];
            t->expected[l][i] += gradient_sum(t->size, step, layer_id(t, l), i);
        }
    }
}

static void *train(void *argument)
{
    trainer_t *t = argument;

    for (int step = 0; step < STEPS; step++) {
        int one = 1;

        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        post(t, step);
        MPI_Allreduce(MPI_IN_PLACE, &one, 1, MPI_INT, MPI_SUM, t->comm);
        atomic_fetch_add(&failures, complete(t, step) + (one != t->size));
        account(t, step);
    }
    return NULL;
}

static void prepare(trainer_t *t, int index)
{
    *t = (trainer_t){.index = index};
    MPI_Comm_dup(MPI_COMM_WORLD, &t->comm);
    MPI_Comm_rank(t->comm, &t->rank);
    MPI_Comm_size(t->comm, &t->size);
    t->traffic.comm = t->comm;
    t->traffic.tag = index;
    for (int l = 0; l < LAYERS; l++) {
        t->gradient[l] = calloc((size_t)counts[l], sizeof(float));
        t->delivered[l] = calloc((size_t)counts[l], sizeof(double));
        t->expected[l] = calloc((size_t)counts[l], sizeof(double));
    }
}

static void judge(trainer_t *t)
{
    for (int l = 0; l < LAYERS; l++) {
        if (memcmp(t->delivered[l], t->expected[l],
                   sizeof(double) * (size_t)counts[l]) != 0) {
            fprintf(stderr, "rank %d, thread %d, layer %d: wrong deliveries\n",
                    t->rank, t->index, l);
            atomic_fetch_add(&failures, 1);
        }
        free(t->gradient[l]);
        free(t->delivered[l]);
        free(t->expected[l]);
    }
    MPI_Comm_free(&t->comm);
}

int main(int argc, char **argv)
{
    static trainer_t trainers[THREADS];
    pthread_t threads[THREADS];
    int rank, provided, sum;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    if (provided < MPI_THREAD_MULTIPLE) {
        fprintf(stderr, "this MPI has no MPI_THREAD_MULTIPLE\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    watchdog_feed("the threads");
    for (int i = 0; i < THREADS; i++) {
        prepare(&trainers[i], i);
        pthread_create(&threads[i], NULL, train, &trainers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        judge(&trainers[i]);
    }
    sum = atomic_load(&failures);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", sum == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return sum == 0 ? 0 : 1;
}
