/*
 * Spar: who is a layer. A trainer repeats the same calls in every step; this
 * finds the period of that sequence on one communicator and then tells, for
 * each call, which slot of the step it is.
 *
 * Agreement: everything here that decides is a function of the sequence of
 * (element type, count) alone, which MPI requires to be the same on every
 * rank. Addresses and times are local hints: they enter only through
 * spar_sequence_judge on rank 0, whose answer is broadcast and adopted by all.
 *
 * Not thread-safe: one caller at a time.
 */
#ifndef SPAR_POLICY_SEQUENCE_H
#define SPAR_POLICY_SEQUENCE_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest step, in calls with at least SPAR_MIN_COUNT elements. */
#define SPAR_SEQUENCE_MAX_PERIOD 1024
/* Calls that are remembered while learning; a power of two. */
#define SPAR_SEQUENCE_HISTORY 2048
/* Even a step of one call is watched for that many calls: a few equal layers
 * in a row must not look like a whole step. */
#define SPAR_SEQUENCE_LEAST_RUN 24

typedef struct spar_sequence_call {
    spar_dtype_t dtype;   /* SPAR_DTYPE_BITS16 for all types of 16 bits */
    spar_dtype_t element; /* hint: the type, as far as this rank knows it */
    uint64_t count;       /* elements */
    uint64_t marker;  /* hash of the small calls since the last large one, see
                         spar_sequence_mark */
    bool nonblocking; /* the same on every rank, as MPI demands */
    uint8_t place;    /* hint: which memory its buffers are in; the caller's
                         numbers */
    uint64_t address; /* hint: of the receive buffer */
    uint64_t input;   /* hint: of the buffer that is read, which may be it */
    double begin;     /* hint: seconds */
    double end;       /* hint: seconds, set by spar_sequence_end */
    double seconds;   /* hint: that the application waited for it */
} spar_sequence_call_t;

typedef enum spar_sequence_state {
    SPAR_SEQUENCE_LEARNING,
    SPAR_SEQUENCE_KNOWN
} spar_sequence_state_t;

typedef struct spar_sequence_slot {
    spar_dtype_t dtype;
    spar_dtype_t element; /* hint */
    uint8_t place;        /* hint */
    bool nonblocking;
    uint64_t count;
} spar_sequence_slot_t;

typedef struct spar_sequence {
    spar_sequence_state_t state;
    uint64_t repeats;    /* how often a step must repeat */
    uint64_t doubt;      /* times as often, after units that did not last */
    uint64_t step_calls; /* given by the user; 0: learn */
    bool only_steps; /* nothing is kept for layers: units that differ in their
                        calls are steps, whatever their buffers */
    /* learning */
    uint64_t calls;  /* calls since learning began */
    uint64_t before; /* calls that were learnt from before that */
    uint64_t plain[SPAR_SEQUENCE_HISTORY];  /* type and count */
    uint64_t marked[SPAR_SEQUENCE_HISTORY]; /* the same with the marker */
    spar_sequence_call_t history[SPAR_SEQUENCE_HISTORY];
    /* For each period: calls in a row that equalled the one a period ago. */
    uint32_t plain_run[SPAR_SEQUENCE_MAX_PERIOD + 1];
    uint32_t marked_run[SPAR_SEQUENCE_MAX_PERIOD + 1];
    /* known */
    size_t period;
    size_t first;       /* slot of the call that was latest at adoption */
    size_t position;    /* of the next call */
    size_t repeated;    /* slots below had their turn in this step; 0: none */
    uint64_t steps;     /* steps begun since the sequence is known */
    size_t mistakes;    /* calls out of sequence since the last clean step */
    uint64_t strangers; /* since the sequence is known */
    bool clean;         /* no such call in the present step */
    size_t lost_period; /* while it is learnt again; 0: no step was lost */
    /* Of the step that is known, or was lost. */
    spar_sequence_slot_t slots[SPAR_SEQUENCE_MAX_PERIOD];
} spar_sequence_t;

/* What a call is. */
typedef struct spar_sequence_place {
    int slot;         /* -1: not a call of the known sequence */
    bool step_begins; /* this call is the first of a step */
    size_t proposal;  /* period found just now, to be judged; 0: none */
    bool lost;        /* the sequence changed: learning starts anew */
    uint64_t ticket;  /* for spar_sequence_end; 0: not learnt from */
} spar_sequence_place_t;

/* Starts to learn. NULL: out of memory. Memory that is never used (short
 * steps, few calls) is never touched. */
spar_sequence_t *spar_sequence_create(uint64_t repeats, uint64_t step_calls);
void spar_sequence_destroy(spar_sequence_t *sequence);

/* A marker, 0 at first, with one more summing call of floats that has too few
 * elements to be a layer. */
uint64_t spar_sequence_mark(uint64_t marker, spar_dtype_t dtype,
                            uint64_t count);

/* A call that may be a layer begins. `end` and `seconds` are not read. */
spar_sequence_place_t spar_sequence_begin(spar_sequence_t *sequence,
                                          const spar_sequence_call_t *call);
/* The call of that ticket returned to the application at `end`, and kept it
 * waiting for `seconds`, with the waiting for its completion. Calls that are
 * not remembered any more are ignored. */
void spar_sequence_end(spar_sequence_t *sequence, uint64_t ticket, double end,
                       double seconds);

/*
 * On rank 0, after a proposal (0: none, returned as it is): a repeating unit of
 * `proposal` calls may still be only a part of a step (three layers of one size
 * look like one), or several steps (a small call every few steps looks like
 * their end). Returns the period, from the pattern of addresses and pauses, and
 * in *first_p how many calls back (0: the latest) the first call of a step is:
 * the one behind the longest pause.
 */
size_t spar_sequence_judge(const spar_sequence_t *sequence, size_t proposal,
                           size_t *first_p);

/*
 * The same, but a step that was lost and comes again holds, from the call on
 * that was its first: its layers are still those that residuals belong to, and
 * pauses may be judged otherwise on another day. Unless the addresses say that
 * as many calls of these sizes are another step now.
 */
size_t spar_sequence_judge_again(const spar_sequence_t *sequence,
                                 size_t proposal, size_t *first_p);

/* On every rank: the judgement holds from the latest call on. Returns what
 * the latest call is. */
spar_sequence_place_t spar_sequence_adopt(spar_sequence_t *sequence,
                                          size_t period, size_t first);

/* What is known of calls that are still learnt from, for the report. */
typedef struct spar_sequence_look {
    uint64_t calls;  /* in all that were learnt from, since the beginning */
    uint64_t recent; /* of these, since learning began; those remembered */
    size_t sizes;    /* different types and counts among them */
    bool repeats;    /* the latest repeat, but not often enough yet */
} spar_sequence_look_t;

/* All 0 if the sequence is known. */
spar_sequence_look_t spar_sequence_look(const spar_sequence_t *sequence);

/* Hint, while it is adopted: address of the slot's latest call, and whether it
 * was another one in any step that was learnt from. */
uint64_t spar_sequence_address(const spar_sequence_t *sequence, size_t slot);
bool spar_sequence_has_moved(const spar_sequence_t *sequence, size_t slot);

/*
 * On rank 0, after adoption: shared_p[slot] is set to whether the slot cannot
 * be told from others of its size: the buffers that they read, in a step of
 * those that were learnt from, were not all there at the same time. Layers of
 * one model have gradients at the same time; the products of a conjugate
 * gradient, say, come one after the other through the same memory.
 */
void spar_sequence_find_shared(const spar_sequence_t *sequence, bool *shared_p);

/*
 * On rank 0, after adoption: whether the calls of a step read memory that was
 * not in use in the steps right before it, and there was a long pause. What a
 * step needs is free again after it; so these may be parts of a longer step, of
 * which too little was seen. false where the user has given the number of
 * calls.
 */
bool spar_sequence_is_fresh(const spar_sequence_t *sequence);

/* Median of what the slot's calls cost while they were learnt, seconds. */
double spar_sequence_learnt_seconds(const spar_sequence_t *sequence,
                                    size_t slot);

#endif
