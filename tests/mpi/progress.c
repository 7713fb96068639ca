/*
 * MPI's progress rule: a sum that was posted proceeds while its rank is blocked
 * in another MPI call, computes or sleeps. One rank blocks in a call that ends
 * only after the others have their sums. A hang is the failure.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gradients.h"
#include "watchdog.h"

#define LAYERS  2
#define LEARN   12 /* rounds before the first blocked one */
#define TAG     4
#define WORDS   100000 /* too large to be sent before it is received */
#define SECONDS 0.3

static const int counts[LAYERS] = {20000, 5000};
static float *gradient[LAYERS];
static double *delivered[LAYERS], *expected[LAYERS];
static int rank, size, failures, rounds;
static MPI_Comm other;
static int words[WORDS];

/* The blocked rank, and the one that it waits for */
static int blocked, peer;

static void take_message(void)
{
    MPI_Recv(words, WORDS, MPI_INT, peer, TAG, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
}

static void receive(void)
{
    if (rank == blocked) {
        take_message();
    } else if (rank == peer) {
        MPI_Send(words, 1, MPI_INT, blocked, TAG, MPI_COMM_WORLD);
    }
}

static void send_large(void)
{
    if (rank == blocked) {
        MPI_Send(words, WORDS, MPI_INT, peer, TAG, MPI_COMM_WORLD);
    } else if (rank == peer) {
        MPI_Recv(words, WORDS, MPI_INT, blocked, TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    }
}

static void send_synchronous(void)
{
    if (rank == blocked) {
        MPI_Ssend(words, 1, MPI_INT, peer, TAG, MPI_COMM_WORLD);
    } else if (rank == peer) {
        MPI_Recv(words, 1, MPI_INT, blocked, TAG, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    }
}

static void send_and_receive(void)
{
    int partner = rank == blocked ? peer : blocked;

    if (rank == blocked || rank == peer) {
        MPI_Sendrecv_replace(words, WORDS, MPI_INT, partner, TAG, partner, TAG,
                             MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static void probe(void)
{
    if (rank == blocked) {
        MPI_Probe(peer, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        take_message();
    } else {
        receive();
    }
}

static void probe_matched(void)
{
    MPI_Message message;

    if (rank == blocked) {
        MPI_Mprobe(peer, TAG, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
        MPI_Mrecv(words, 1, MPI_INT, &message, MPI_STATUS_IGNORE);
    } else {
        receive();
    }
}

static void poll_probe(void)
{
    int flag = 0;

    if (rank == blocked) {
        while (!flag) {
            MPI_Iprobe(peer, TAG, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE);
        }
        take_message();
    } else {
        receive();
    }
}

/* The sum's request is not among those that are completed. */
static void wait_for_a_message(void)
{
    MPI_Request request;

    if (rank == blocked) {
        MPI_Irecv(words, 1, MPI_INT, peer, TAG, MPI_COMM_WORLD, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        receive();
    }
}

static void poll_a_message(void)
{
    MPI_Request request;
    int flag = 0;

    if (rank == blocked) {
        MPI_Irecv(words, 1, MPI_INT, peer, TAG, MPI_COMM_WORLD, &request);
        while (!flag) {
            MPI_Test(&request, &flag, MPI_STATUS_IGNORE);
        }
    } else {
        receive();
    }
}

static void barrier(void)
{
    MPI_Barrier(other);
}

static void broadcast(void)
{
    MPI_Bcast(words, WORDS, MPI_INT, peer, other);
}

static void reduce(void)
{
    int in = 1, out;

    MPI_Reduce(&in, &out, 1, MPI_INT, MPI_SUM, blocked, other);
}

static void gather_everywhere(void)
{
    int all[64];

    if (size <= 64) {
        MPI_Allgather(&rank, 1, MPI_INT, all, 1, MPI_INT, other);
    }
}

/* On the communicator of the sums */
static void sum_small(void)
{
    int one = 1;

    MPI_Allreduce(MPI_IN_PLACE, &one, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    failures += one != size;
}

static void duplicate(void)
{
    MPI_Comm comm;

    MPI_Comm_dup(other, &comm);
    MPI_Comm_free(&comm);
}

static void split(void)
{
    MPI_Comm comm;

    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &comm);
    MPI_Comm_free(&comm);
}

static void rest(void)
{
    struct timespec pause = {0, (long)(SECONDS * 1e9)};

    if (rank == blocked) {
        nanosleep(&pause, NULL);
    }
}

static void compute(void)
{
    double end = MPI_Wtime() + SECONDS;

    if (rank == blocked) {
        while (MPI_Wtime() < end) {
        }
    }
}

static const struct block {
    const char *name;
    void (*call)(void);
} blocks[] = {
    {"MPI_Recv", receive},
    {"MPI_Send of a large message", send_large},
    {"MPI_Ssend", send_synchronous},
    {"MPI_Sendrecv_replace", send_and_receive},
    {"MPI_Probe", probe},
    {"MPI_Mprobe", probe_matched},
    {"MPI_Iprobe", poll_probe},
    {"MPI_Wait for a message", wait_for_a_message},
    {"MPI_Test of a message", poll_a_message},
    {"MPI_Barrier", barrier},
    {"MPI_Bcast", broadcast},
    {"MPI_Reduce", reduce},
    {"MPI_Allgather", gather_everywhere},
    {"MPI_Allreduce", sum_small},
    {"MPI_Comm_dup", duplicate},
    {"MPI_Comm_split", split},
    {"sleep", rest},
    {"compute", compute},
};

static void post(MPI_Request *requests)
{
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < counts[l]; i++) {
            gradient[l][i] = (float)gradient_sample(rank, rounds, l, i);
        }
        MPI_Iallreduce(MPI_IN_PLACE, gradient[l], counts[l], MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &requests[l]);
    }
}

/* Waits for all, or polls with a nap between two looks. */
static void wait_for(MPI_Request *requests, bool poll)
{
    struct timespec nap = {0, 1000000};
    int flag = 0;

    if (!poll) {
        MPI_Waitall(LAYERS, requests, MPI_STATUSES_IGNORE);
        return;
    }
    for (int l = 0; l < LAYERS; l++) {
        for (flag = 0; !flag;) {
            MPI_Test(&requests[l], &flag, MPI_STATUS_IGNORE);
            nanosleep(&nap, NULL);
        }
    }
}

static void account(bool exact)
{
    for (int l = 0; l < LAYERS; l++) {
        int different = 0;

        for (int i = 0; i < counts[l]; i++) {
            double sum = gradient_sum(size, rounds, l, i);

            different += gradient[l][i] != (float)sum;
            delivered[l][i] += gradient[l][i];
            expected[l][i] += sum;
        }
        if (exact && different > 0 && failures++ < 5) {
            fprintf(stderr, "rank %d: wrong sums: %s\n", rank, watchdog_text);
        }
    }
}

static void play(const struct block *block, bool exact, bool poll)
{
    MPI_Request requests[LAYERS];
    bool first = rank == blocked;

    watchdog_feed(block == NULL ? "no other call" : block->name);
    post(requests);
    if (block != NULL && first) {
        block->call();
    }
    wait_for(requests, poll && first);
    if (block != NULL && !first) {
        block->call();
    }
    account(exact);
    rounds++;
}

static void play_all(bool exact)
{
    int n = (int)(sizeof(blocks) / sizeof(blocks[0]));

    for (int i = 0; i < LEARN; i++) {
        play(NULL, exact, false);
    }
    for (int i = 0; i < 2 * n && size > 1; i++) {
        blocked = i % 2 == 0 ? 0 : size - 1;
        peer = (blocked + 1) % size;
        play(&blocks[i / 2], exact, false);
    }
    for (int i = 0; i < 4; i++) {
        play(NULL, exact, true);
    }
    MPI_Pcontrol(2);
    play(NULL, false, false);
}

int main(int argc, char **argv)
{
    bool exact = argc > 1 && strcmp(argv[1], "--exact") == 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_dup(MPI_COMM_WORLD, &other);
    for (int l = 0; l < LAYERS; l++) {
        gradient[l] = calloc((size_t)counts[l], sizeof(float));
        delivered[l] = calloc((size_t)counts[l], sizeof(double));
        expected[l] = calloc((size_t)counts[l], sizeof(double));
    }
    play_all(exact);
    for (int l = 0; l < LAYERS; l++) {
        failures += memcmp(delivered[l], expected[l],
                           sizeof(double) * (size_t)counts[l]) != 0;
        free(gradient[l]);
        free(delivered[l]);
        free(expected[l]);
    }
    MPI_Comm_free(&other);
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s\n", failures == 0 ? "sums are right" : "FAILED");
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
