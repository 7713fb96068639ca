/*
 * What the parts of soak.c share. A worker is a thread with communicators and
 * random streams of its own. The agreed stream is the same on all ranks and
 * decides what is posted where; the own stream decides how a rank completes.
 */
#ifndef TESTS_MPI_SOAK_H
#define TESTS_MPI_SOAK_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "completion.h"

#define MOST_COMMS   6
#define MOST_PENDING 48
#define MOST_RANKS   64
#define MOST_KEPT    3

typedef struct options {
    int threads;
    int rounds;
    int seconds; /* 0: only rounds count */
    unsigned seed;
    bool unanchored; /* large sums survive their communicator */
} options_t;

struct operation;

/* Lives until it was freed and nothing of it is in flight any more. */
typedef struct comm {
    MPI_Comm comm; /* MPI_COMM_NULL: not a member, or freed */
    struct operation *kept[MOST_KEPT]; /* persistent requests */
    int members;
    int world[MOST_RANKS]; /* the members' ranks in MPI_COMM_WORLD */
    int users;             /* operations in flight or kept */
    bool freed;
    MPI_Request anchor;
} comm_t;

typedef enum kind {
    SUM,
    MAX,
    RECEIVED,
    SENT
} kind_t;

typedef struct operation {
    kind_t kind;
    comm_t *comm;
    MPI_Datatype type;
    int count;
    int id;   /* decides about the values; the tag of a message */
    int peer; /* rank in comm that a message comes from */
    void *in; /* the same as out: in place */
    void *out;
    bool persistent;
    bool active;
    MPI_Request request;
} operation_t;

typedef struct worker {
    const options_t *options;
    int index;
    uint64_t agreed, own;
    comm_t *comms[MOST_COMMS];             /* the first is for good */
    operation_t *operations[MOST_PENDING]; /* in flight */
    int n;
    int round;
    int next_id;
    long posted;
} worker_t;

/* Ends the job and says how to repeat it. */
_Noreturn void soak_fail(const worker_t *w, const char *what);

/* A number from 0 to below - 1 */
int soak_random(uint64_t *stream, int below);

/* Makes another communicator, or frees one, of the agreed stream's choice. */
void soak_comm_create(worker_t *w);
void soak_comm_destroy(worker_t *w, int slot);
comm_t *soak_comm_wrap(MPI_Comm comm);
comm_t *soak_comm_choose(worker_t *w);
void soak_comm_release(worker_t *w, comm_t *c);

/* Posts something on a communicator of the agreed stream's choice. */
void soak_post_sum(worker_t *w);
void soak_post_blocking(worker_t *w);
void soak_post_persistent(worker_t *w);
void soak_post_message(worker_t *w);

/* Completes and checks all operations in flight, or some of the own stream's
 * choice. */
void soak_complete(worker_t *w, bool all);

/* Frees an operation, and its request if that is persistent and complete. */
void soak_operation_free(worker_t *w, operation_t *o);

#endif
