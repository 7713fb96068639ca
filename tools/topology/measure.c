#include "tools/topology/measure.h"

#include <stdlib.h>
#include <time.h>

#define SMALL 8
#define LARGE (1 << 20)
#define TAG   1

/* Rounds that are not timed: connections are made and buffers registered. */
#define WARM_UP 3
/* Seconds for the rounds of one size, and how many at least and at most. */
#define BUDGET        0.1
#define FEWEST_ROUNDS 3
#define MOST_ROUNDS   200

/* A rank that spins would take a core from those that are measured. */
static void sleep_until_all_are_here(void)
{
    const struct timespec nap = {0, 500000};
    MPI_Request request;
    int done = 0;

    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    while (!done) {
        nanosleep(&nap, NULL);
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    }
}

/* One message to the peer and one back; seconds on the side that begins. */
static double make_round(char *buffer, int bytes, int peer, bool begins)
{
    double start = MPI_Wtime();

    if (begins) {
        MPI_Send(buffer, bytes, MPI_BYTE, peer, TAG, MPI_COMM_WORLD);
    }
    MPI_Recv(buffer, bytes, MPI_BYTE, peer, TAG, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    if (!begins) {
        MPI_Send(buffer, bytes, MPI_BYTE, peer, TAG, MPI_COMM_WORLD);
    }
    return MPI_Wtime() - start;
}

/* The side that begins decides. */
static int agree_on_rounds(double seconds, int peer, bool begins)
{
    double fit = BUDGET / seconds;
    int rounds = fit > MOST_ROUNDS     ? MOST_ROUNDS
                 : fit < FEWEST_ROUNDS ? FEWEST_ROUNDS
                                       : (int)fit;

    if (begins) {
        MPI_Send(&rounds, 1, MPI_INT, peer, TAG, MPI_COMM_WORLD);
    } else {
        MPI_Recv(&rounds, 1, MPI_INT, peer, TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    }
    return rounds;
}

/* Seconds of a message of so many bytes, one way. */
static double time_message(char *buffer, int bytes, int peer, bool begins)
{
    double best = 0;
    int rounds;

    for (int i = 0; i < WARM_UP; i++) {
        best = make_round(buffer, bytes, peer, begins);
    }
    rounds = agree_on_rounds(best, peer, begins);
    for (int i = 0; i < rounds; i++) {
        double seconds = make_round(buffer, bytes, peer, begins);

        best = seconds < best ? seconds : best;
    }
    return best / 2;
}

static void measure(spar_job_link_t *link, int rank)
{
    bool begins = rank == link->from;
    int peer = begins ? link->to : link->from;
    char *buffer = calloc(1, LARGE);
    double small, large;

    if (buffer == NULL) {
        MPI_Abort(MPI_COMM_WORLD, 1);
        abort();
    }
    small = time_message(buffer, SMALL, peer, begins);
    large = time_message(buffer, LARGE, peer, begins);
    free(buffer);
    /* The timer's resolution is the least that can be told. */
    link->alpha = small > MPI_Wtick() ? small : MPI_Wtick();
    link->beta = (large > small ? large - small : large) / (LARGE - SMALL);
}

static void add_link(spar_job_t *job, int from, int to, spar_level_t level)
{
    job->links[job->link_count++] = (spar_job_link_t){from, to, level, 0, 0};
}

/* The rank after `leader` on its host; -1: it is alone. */
static int second_rank(const spar_job_t *job, int leader)
{
    for (int rank = leader + 1; rank < job->ranks; rank++) {
        if (job->leaders[rank] == leader) {
            return rank;
        }
    }
    return -1;
}

static void choose_links(spar_job_t *job)
{
    int hosts = 0, previous = -1;

    job->link_count = 0;
    for (int rank = 0; rank < job->ranks && hosts < SPAR_JOB_HOSTS; rank++) {
        int second = second_rank(job, rank);

        if (job->leaders[rank] != rank) {
            continue;
        }
        if (second >= 0) {
            add_link(job, rank, second, SPAR_LEVEL_NODE);
        }
        if (previous >= 0) {
            add_link(job, previous, rank, SPAR_LEVEL_NETWORK);
        }
        previous = rank;
        hosts++;
    }
}

void spar_measure_links(spar_job_t *job)
{
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    choose_links(job);
    sleep_until_all_are_here();
    for (int i = 0; i < job->link_count; i++) {
        spar_job_link_t *link = &job->links[i];

        if (rank == link->from || rank == link->to) {
            measure(link, rank);
        }
        sleep_until_all_are_here();
        MPI_Bcast(link, sizeof(*link), MPI_BYTE, link->from, MPI_COMM_WORLD);
    }
}
