/*
 * Spar: when the calls of a step are made, when the application needs their
 * results, and how long the network is busy with them. Times within a step are
 * seconds from its first call on, on one of two clocks: the wall's, or the
 * application's own, which stands still while a thread is blocked in calls of
 * ours: what the application would do if exchanges took no time.
 *
 * Local measurements; what follows from them is agreed on (pmpi/density.h).
 */
#ifndef SPAR_PMPI_TIMELINE_H
#define SPAR_PMPI_TIMELINE_H

#include "policy/overlap.h"
#include "policy/samples.h"

#include <stdbool.h>

struct spar_comm;
struct spar_op;

/* Of the calls of a layer, since the last review. */
typedef struct spar_timing {
    spar_samples_t release; /* posted, on the application's clock */
    spar_samples_t need;    /* first waited for, likewise */
    spar_samples_t wall;    /* posted, on the wall's clock */
    /* Of blocking calls behind another one: when that one returned, on the
     * wall's clock, and how long after that this one was made, not counting
     * other calls in between. */
    spar_samples_t before;
    spar_samples_t gap;
    spar_samples_t beside; /* what the other calls took */
} spar_timing_t;

typedef struct spar_timeline {
    /* The present step. */
    double wall_begin;
    double clock_begin;
    bool left_out;       /* it is not measured */
    double paused;       /* seconds between blocking calls */
    double returned;     /* the latest blocking call, wall's clock; 0: none */
    bool by_aside;       /* it was made by a thread beside the main one */
    double clock_before; /* when that was posted, application's clock */
    unsigned running;    /* exchanges that the network works on */
    double running_since;
    double busy; /* seconds with one or more of them */
    /* Steps since the last review, seconds. */
    spar_samples_t steps;
    spar_samples_t waits;    /* that the application was blocked */
    spar_samples_t computes; /* that it was not */
    spar_samples_t busys;
    spar_samples_t pauses;
    spar_samples_t ends; /* when the latest blocking call returned */
} spar_timeline_t;

/* Seconds that the calling thread has been blocked in calls of ours. */
double spar_timeline_blocked(void);
void spar_timeline_add_blocked(double seconds);

/* Whether the calling thread is another one than the process's main thread. */
bool spar_timeline_is_aside(void);

/* The call is the first one of a step. With the communicator's `busy` held, and
 * so all below. */
void spar_timeline_begin_step(struct spar_comm *comm, const struct spar_op *op);
/* The step that the call belongs to is the present one. */
void spar_timeline_place(const struct spar_comm *comm, struct spar_op *op);

/* The entries of an exchange begin to travel, and have arrived. */
void spar_timeline_begin_transfer(struct spar_comm *comm);
void spar_timeline_end_transfer(struct spar_comm *comm);

/* The application is through with the call. */
void spar_timeline_note(const struct spar_op *op, spar_timing_t *timing);

/* Forgets what was measured before the present step. */
void spar_timeline_forget(struct spar_comm *comm);

/* Of the blocking calls since the last review: whether others compute while
 * they last. */
spar_overlap_t spar_timeline_overlap(const struct spar_comm *comm);

#endif
