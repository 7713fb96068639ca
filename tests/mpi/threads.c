/*
 * Two threads that train at the same time, each on a communicator of its own,
 * while communicators come and go. What was delivered over the run, with a
 * final flush, is exactly what was put in.
 */
#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define COUNT 20000
#define STEPS 60

typedef struct worker {
    MPI_Comm comm;
    int seed;
} worker_t;

static atomic_int failures;

static void train(const worker_t *worker)
{
    static _Thread_local float gradient[COUNT];
    double delivered = 0, expected = 0;
    int ranks;

    MPI_Comm_size(worker->comm, &ranks);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < COUNT; i++) {
            gradient[i] =
                (float)((i * 37 + step * 11 + worker->seed) % 23 - 11);
            expected += gradient[i] * ranks;
        }
        if (step == STEPS - 1) {
            MPI_Pcontrol(2);
        }
        MPI_Allreduce(MPI_IN_PLACE, gradient, COUNT, MPI_FLOAT, MPI_SUM,
                      worker->comm);
        for (int i = 0; i < COUNT; i++) {
            delivered += gradient[i];
        }
    }
    if (delivered != expected) {
        fprintf(stderr, "delivered %.0f, expected %.0f\n", delivered, expected);
        atomic_fetch_add(&failures, 1);
    }
}

static void *work(void *argument)
{
    const worker_t *worker = argument;

    train(worker);
    for (int i = 0; i < 20; i++) {
        worker_t other = {.seed = i};

        MPI_Comm_dup(worker->comm, &other.comm);
        if (i == 19) {
            train(&other);
        }
        MPI_Comm_free(&other.comm);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    worker_t workers[2] = {{.seed = 1}, {.seed = 5}};
    pthread_t threads[2];
    int rank, provided, sum;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    if (provided < MPI_THREAD_MULTIPLE) {
        fprintf(stderr, "this MPI has no MPI_THREAD_MULTIPLE\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < 2; i++) {
        MPI_Comm_dup(MPI_COMM_WORLD, &workers[i].comm);
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        MPI_Comm_free(&workers[i].comm);
    }
    sum = atomic_load(&failures);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", sum == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return sum == 0 ? 0 : 1;
}
