/*
 * Spar: periodic exchange (policy/periodic.h). In most steps the calls of a
 * trainer that averages parameters need no exchange: each rank goes on with its
 * own, so a call delivers the local value times the number of ranks, which the
 * trainer divides by that number. Then comes a step that is exchanged densely.
 *
 * Who: layers whose content is like parameters on rank 0 and whose trainers
 * divide the sums by the number of ranks on all ranks, found out in the dense
 * steps that are watched; mode periodic, and mode auto with SPAR_PERIODIC=auto.
 * Or gradients (SPAR_PERIODIC=gradients): what a rank has skipped is added to
 * its next exchanged gradient, and taken out of what is delivered to it.
 *
 * All layers of a communicator skip in the same steps. What a step does is a
 * function of what all ranks know: the steps since the last averaging, flags in
 * the headers of skipped calls (pmpi/periodic_call.h), and the variance of the
 * replicas, which the ranks sum when the step behind an averaging begins. With
 * the communicator's `busy` held.
 */
#ifndef SPAR_PMPI_PERIODIC_H
#define SPAR_PMPI_PERIODIC_H

#include "policy/periodic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spar_comm;
struct spar_op;

/* Of a communicator. */
typedef struct spar_periodic_comm {
    bool on;       /* some layers of the present sequence are periodic */
    bool was_on;   /* now or before: the report tells of it */
    bool carries;  /* these are gradients */
    size_t layers; /* how many of them */
    size_t owing;  /* others that make up for something first */
    bool is_open;  /* the present step is not over yet */
    bool is_due;   /* the ranks have to sum what the averaging has shown */
    size_t dense;  /* of these, how many this step has exchanged, */
    size_t summed; /* and how many with all that they had skipped */
    /* Elements of the layers, and of the sums that were made outside the step
     * since it began: a trainer may average all its parameters at the end. */
    uint64_t elements;
    uint64_t outside;
    uint32_t flags; /* all ranks' flags of the step's calls, SPAR_WIRE_* */
    double latency; /* agreed, seconds of a small exchange */
    /* The trainer's steps, and the calls before the present one. */
    bool has_step;
    bool is_counting; /* the sequence is the one of the step before */
    uint64_t step;
    uint64_t number;
    spar_periodic_t control;
} spar_periodic_comm_t;

/* Rank 0's: says so where settings of periodic exchange have no effect. */
void spar_periodic_warn_of_settings(void);

/* Whether layers are looked for that can go without some exchanges. The same on
 * every rank. */
bool spar_periodic_is_on(void);
/* Whether they are gradients. */
bool spar_periodic_is_of_gradients(void);

/* Part of the review behind the dense steps (pmpi/review.c): what this rank has
 * seen of its trainer; the least of all ranks holds. Returns how many numbers
 * there are. */
size_t spar_periodic_tell(struct spar_comm *comm, double *values);
/* With these, and the plan made: which layers are periodic, and why not. */
void spar_periodic_take(struct spar_comm *comm, const double *values);
void spar_periodic_adopt(struct spar_comm *comm);

/* Whether what the next step does follows from the flags of the calls before
 * it. The same on every rank. */
bool spar_periodic_is_waiting(const struct spar_comm *comm);
/* Before a step begins, with all flags of the calls before it known: whether
 * the ranks have to agree on something first. The same on every rank. */
bool spar_periodic_is_due(struct spar_comm *comm);
/* Collective over the shadow, with no call under way. */
void spar_periodic_begin_agreement(struct spar_comm *comm);
/* true: done. */
bool spar_periodic_progress_agreement(struct spar_comm *comm);
/* The step begins with that call. */
void spar_periodic_begin_step(struct spar_comm *comm, const struct spar_op *op);

/* Any call whose place is known, that no layer skips or not. */
void spar_periodic_note_call(const struct spar_op *op);

/* The sequence is lost: calls are dense until it is learnt again. */
void spar_periodic_drop(struct spar_comm *comm);
/* With no call under way: the present step is over, the layers will be others,
 * and their first step exchanges. */
void spar_periodic_close(struct spar_comm *comm);

/* A call of a layer is about to be made densely, and has been, with its result
 * in its place. */
void spar_periodic_begin_dense(struct spar_op *op);
void spar_periodic_end_dense(struct spar_op *op);

/* The layer's call is made densely in the present step; `whole`: with all that
 * it has skipped. A layer counts once, however often it is called. */
void spar_periodic_note_sum(struct spar_op *op, bool whole);

/* Whether the present step has exchanged all layers; false: none is open. */
bool spar_periodic_has_exchanged(const struct spar_comm *comm);
/* Steps since all replicas were the same, after the present one. */
uint64_t spar_periodic_since_average(const struct spar_comm *comm);
/* Of everything that decides what comes next (pmpi/check.h). */
uint64_t spar_periodic_digest(const struct spar_comm *comm);

#endif
