/*
 * What the parts of nonblocking.c share: its options, and the exchanges of one
 * step (nonblocking_slot.c) with the checks of their results
 * (nonblocking_check.c).
 */
#ifndef TESTS_MPI_NONBLOCKING_H
#define TESTS_MPI_NONBLOCKING_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "completion.h"
#include "traffic.h"

#define MOST_LAYERS 16

typedef struct layer {
    int count;
    bool blocking; /* exchanged by MPI_Allreduce between the others */
} layer_t;

typedef struct options {
    int steps;
    int layers;
    layer_t layer[MOST_LAYERS];
    completion_way_t way;
    bool mixed;        /* another way every step, and requests of its own */
    bool lookahead;    /* wait for a step's requests only in the next step */
    bool persistent;   /* MPI_Start instead of MPI_Iallreduce */
    bool blocking;     /* other sums on the same communicator in between */
    bool out_of_place; /* and a fresh receive buffer in every call */
    bool wide;         /* double */
    int bad_step;      /* NaN or Inf on one rank; -1: never */
    int pause_from, pause_to; /* steps in which one rank pauses */
    const char *expect;       /* sparse, dense, lossless, any */
} options_t;

/* The exchanges of one step; the layers' requests come first. */
typedef struct slot {
    int step;
    void *gradient[MOST_LAYERS], *result[MOST_LAYERS];
    MPI_Request requests[MOST_LAYERS + TRAFFIC_REQUESTS];
    completion_entry_t entries[MOST_LAYERS + TRAFFIC_REQUESTS];
    traffic_t traffic;
} slot_t;

extern options_t options;
extern int rank, size, failures;

/* Counts a failure unless ok. */
void check(bool ok, const char *what, int step, int layer);

/* A sum of one number, as trainers make for the loss */
void sum_small(int step);

/* Once before the first and after the last step */
void slot_prepare(slot_t *slot, int tag);
void slot_dispose(slot_t *slot);

/* Starts the exchanges of a step, and completes and checks them. */
void slot_post(slot_t *slot, int step);
void slot_finish(slot_t *slot);
size_t slot_bytes(int layer);

/* The results of a step; over the run, nothing is lost or made up. */
void check_start(void);
void check_results(const slot_t *slot);
void check_end(void);

#endif
