/*
 * MPI_Comm_free of a communicator with operations in flight: they complete
 * normally (MPI 3.1, 6.4.3), while new communicators take over the handles.
 * With --anchor, also operations that Open MPI carries out itself are posted,
 * and the communicators are anchored.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "completion.h"
#include "gradients.h"
#include "watchdog.h"

#define MOST_COMMS 4
#define PER_COMM   2
#define ROUNDS     60
#define REQUESTS   ((MOST_COMMS + 1) * PER_COMM)

typedef struct sum {
    float *values;
    int count;
    int id;
    int members, first, stride; /* the world ranks that take part */
} sum_t;

static int rank, size, failures, posted;
static bool anchored;
static MPI_Request anchors[MOST_COMMS + 1];

/* A communicator of all ranks, of every other rank, or of one rank */
static MPI_Comm make_comm(int kind, sum_t *group)
{
    MPI_Comm comm;

    switch (kind) {
    case 0:
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        *group = (sum_t){.members = size, .first = 0, .stride = 1};
        break;
    case 1:
        MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &comm);
        *group = (sum_t){.first = rank % 2, .stride = 2};
        group->members = (size - group->first + 1) / 2;
        break;
    default:
        MPI_Comm_split(MPI_COMM_WORLD, rank, 0, &comm);
        *group = (sum_t){.members = 1, .first = rank, .stride = 1};
        break;
    }
    return comm;
}

static int choose_count(int k)
{
    static const int counts[] = {20000, 4096, 100, 30000, 5000};
    int count = counts[k % 5];

    return anchored || count >= 4096 ? count : 6000;
}

static void post(MPI_Comm comm, const sum_t *group, int count, sum_t *sum,
                 MPI_Request *request)
{
    *sum = *group;
    sum->id = posted++;
    sum->count = count;
    sum->values = malloc(sizeof(float) * (size_t)count);
    for (int i = 0; i < count; i++) {
        sum->values[i] = (float)gradient_sample(rank, sum->id, 0, i);
    }
    MPI_Iallreduce(MPI_IN_PLACE, sum->values, count, MPI_FLOAT, MPI_SUM, comm,
                   request);
}

static void check(sum_t *sum, int round)
{
    int wrong = 0;

    for (int i = 0; i < sum->count; i++) {
        double expected = 0;

        for (int m = 0; m < sum->members; m++) {
            expected +=
                gradient_sample(sum->first + m * sum->stride, sum->id, 0, i);
        }
        wrong += sum->values[i] != (float)expected;
    }
    if (wrong > 0 && failures++ < 5) {
        fprintf(stderr, "rank %d, round %d: %d of %d sums of %d ranks wrong\n",
                rank, round, wrong, sum->count, sum->members);
    }
    free(sum->values);
}

/* Posts on communicators and frees them all, and posts on new ones. */
static int post_and_free(int round, sum_t *sums, MPI_Request *requests)
{
    MPI_Comm comms[MOST_COMMS], next;
    sum_t groups[MOST_COMMS];
    int n = 0, comm_count = 1 + round % MOST_COMMS;

    for (int c = 0; c < comm_count; c++) {
        comms[c] = make_comm((round + c) % 3, &groups[c]);
        if (anchored) {
            anchor_drop(comms[c], &anchors[c]);
        }
    }
    for (int k = 0; k < PER_COMM; k++) {
        for (int c = 0; c < comm_count; c++, n++) {
            post(comms[c], &groups[c], choose_count(round + n), &sums[n],
                 &requests[n]);
        }
    }
    for (int c = 0; c < comm_count; c++) {
        MPI_Comm_free(&comms[round % 2 == 0 ? c : comm_count - 1 - c]);
    }
    next = make_comm(round % 2, &groups[0]);
    if (anchored) {
        anchor_drop(next, &anchors[MOST_COMMS]);
    }
    for (int k = 0; k < PER_COMM; k++, n++) {
        post(next, &groups[0], choose_count(round + k), &sums[n], &requests[n]);
    }
    MPI_Comm_free(&next);
    return n;
}

static void play(int round)
{
    sum_t sums[REQUESTS];
    MPI_Request requests[REQUESTS];
    completion_entry_t entries[REQUESTS];
    char text[64];
    int n;

    snprintf(text, sizeof(text), "round %d", round);
    watchdog_feed(text);
    n = post_and_free(round, sums, requests);
    for (int i = 0; i < n; i++) {
        entries[i] = (completion_entry_t){.active = true};
    }
    if (completion_run((completion_way_t)(round % COMPLETION_WAYS), n, requests,
                       entries, round % 3 > 0) > 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (int i = 0; i < n; i++) {
        check(&sums[i], round);
    }
    for (int c = 0; c <= MOST_COMMS; c++) {
        if (anchors[c] != MPI_REQUEST_NULL) {
            failures += !anchor_lift(&anchors[c]);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    anchored = argc > 1 && strcmp(argv[1], "--anchor") == 0;
    for (int c = 0; c <= MOST_COMMS; c++) {
        anchors[c] = MPI_REQUEST_NULL;
    }
    for (int round = 0; round < ROUNDS; round++) {
        play(round);
    }
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
