/*
 * Random communicators, sums, messages and completions, for hours if need be:
 *
 *     soak [--threads 2] [--rounds N] [--seconds S] [--seed N] [--unanchored]
 *
 * Every result is compared with the exact one. A job that fails or hangs says
 * its seed; the same seed posts the same again.
 */
#include "soak.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "watchdog.h"

#define MOST_THREADS 4

static options_t options = {.threads = 1, .rounds = 200, .seed = 1};
static int rank;

_Noreturn void soak_fail(const worker_t *w, const char *what)
{
    fprintf(stderr, "soak --seed %u: rank %d, thread %d, round %d: %s\n",
            options.seed, rank, w->index, w->round, what);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

int soak_random(uint64_t *stream, int below)
{
    uint64_t x = *stream += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (int)((x ^ (x >> 31)) % (uint64_t)below);
}

/* Only one thread makes and frees communicators while others work: Open MPI
 * 4.1 can hang when two threads make some at a time. */
static void act(worker_t *w)
{
    int action = soak_random(&w->agreed, 20);

    if (action < 9) {
        soak_post_sum(w);
    } else if (action < 12) {
        soak_post_blocking(w);
    } else if (action < 15) {
        soak_post_persistent(w);
    } else if (action < 17 || w->index > 0) {
        soak_post_message(w);
    } else if (action < 19) {
        soak_comm_create(w);
    } else {
        soak_comm_destroy(w, 1 + soak_random(&w->agreed, MOST_COMMS - 1));
    }
}

/* Rank 0's clock decides. */
static bool time_is_up(const worker_t *w, double start)
{
    int up = MPI_Wtime() - start > options.seconds;

    if (options.seconds == 0 || w->round % 16 != 0) {
        return false;
    }
    MPI_Bcast(&up, 1, MPI_INT, 0, w->comms[0]->comm);
    return up != 0;
}

static void tell(const worker_t *w, double start, double *told)
{
    double now = MPI_Wtime();
    char text[100];

    if (w->index > 0) {
        return;
    }
    snprintf(text, sizeof(text), "soak --seed %u: rank %d, round %d",
             options.seed, rank, w->round);
    watchdog_feed(text);
    if (rank == 0 && now - *told > 10) {
        fprintf(stderr, "soak: %.0f s, %d rounds, %ld sums\n", now - start,
                w->round, w->posted);
        *told = now;
    }
}

static void *work(void *argument)
{
    worker_t *w = argument;
    double start = MPI_Wtime(), told = start;

    while (w->round < options.rounds && !time_is_up(w, start)) {
        int actions = 1 + soak_random(&w->agreed, 8);

        w->round++;
        tell(w, start, &told);
        for (int i = 0; i < actions; i++) {
            act(w);
        }
        soak_complete(w, soak_random(&w->own, 6) == 0);
    }
    soak_complete(w, true);
    return NULL;
}

static void parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"threads", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'd'},
        {"unanchored", no_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 't':
            options.threads = atoi(optarg);
            break;
        case 'r':
            options.rounds = atoi(optarg);
            break;
        case 's':
            options.seconds = atoi(optarg);
            options.rounds = 1 << 30;
            break;
        case 'd':
            options.seed = (unsigned)atoi(optarg);
            break;
        case 'u':
            options.unanchored = true;
            break;
        default:
            exit(2);
        }
    }
    if (options.threads < 1 || options.threads > MOST_THREADS) {
        exit(2);
    }
}

static void start_worker(worker_t *w, int index)
{
    MPI_Comm comm;

    *w = (worker_t){.options = &options, .index = index};
    w->agreed = ((uint64_t)options.seed << 8) + (uint64_t)index;
    w->own = (w->agreed << 32) + (uint64_t)rank + 1;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    w->comms[0] = soak_comm_wrap(comm);
    for (int i = 1; i < MOST_COMMS; i++) {
        soak_comm_create(w);
    }
}

/* The communicators that are left, in the same order everywhere */
static void end_worker(worker_t *w)
{
    for (int i = MOST_COMMS - 1; i >= 0; i--) {
        soak_comm_destroy(w, i);
    }
}

int main(int argc, char **argv)
{
    worker_t workers[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    int provided, wanted;

    parse(argc, argv);
    wanted = options.threads > 1 ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE;
    MPI_Init_thread(&argc, &argv, wanted, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 0; i < options.threads; i++) {
        start_worker(&workers[i], i);
    }
    for (int i = 1; i < options.threads; i++) {
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    work(&workers[0]);
    watchdog_feed("soak: the other threads");
    for (int i = 1; i < options.threads; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < options.threads; i++) {
        end_worker(&workers[i]);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%d rounds, %ld sums: sums are right\n", workers[0].round,
               workers[0].posted);
    }
    MPI_Finalize();
    return 0;
}
