/*
 * Spar: has the loss scale changed? Trainers in mixed precision multiply all
 * gradients by a power of two, which doubles every few thousand steps and
 * halves after an overflow. What error feedback keeps is in the old unit then.
 * The scale itself is not visible; that all gradients jump by one power of two
 * in one step is.
 *
 * Each rank compares the level (log2 of the upper quartile of the magnitudes)
 * of a layer's gradient with that of its latest calls. One that jumps is only a
 * suspicion; what it comes to is decided from the votes of all ranks.
 */
#ifndef SPAR_POLICY_LOSS_SCALE_H
#define SPAR_POLICY_LOSS_SCALE_H

#include "policy/element.h"

#include <stdbool.h>
#include <stdint.h>

/* Calls that a level is compared with. */
#define SPAR_LOSS_SCALE_CALLS 16
/* Largest exponent of a change, and its negative. */
#define SPAR_LOSS_SCALE_MOST 16

typedef enum spar_loss_scale_state {
    SPAR_LOSS_SCALE_BLIND, /* no call is under way, or its level is unknown */
    SPAR_LOSS_SCALE_SEEN,  /* `level` is that of the call under way */
    SPAR_LOSS_SCALE_KEPT,  /* it is the latest that counts */
    SPAR_LOSS_SCALE_HELD   /* it waits for what the ranks decide */
} spar_loss_scale_state_t;

/* Of one layer on one rank. Zero-initialised: nothing seen. Not thread-safe. */
typedef struct spar_loss_scale {
    double levels[SPAR_LOSS_SCALE_CALLS]; /* of the latest calls */
    uint64_t count;                       /* of calls, since it began anew */
    double level;
    spar_loss_scale_state_t state;
} spar_loss_scale_t;

/* Looks at some elements of a gradient, `count` >= 1 in all, of a type that is
 * known. true: its level
 * has jumped by about a power of two, after calls that hardly differed. Non-
 * finite values and zeros have no level. */
bool spar_loss_scale_look(spar_loss_scale_t *scale, spar_dtype_t dtype,
                          const void *gradient, uint64_t count);

/* The same from the elements that are looked at: these rows of a gradient of
 * `count` elements, one after the other. */
spar_element_rows_t spar_loss_scale_rows(uint64_t count);
bool spar_loss_scale_look_at_rows(spar_loss_scale_t *scale, spar_dtype_t dtype,
                                  const void *rows, uint64_t count);

/* The call is over. Its gradient was one like those before it; */
void spar_loss_scale_keep(spar_loss_scale_t *scale);
/* it may have been one in another unit: spar_loss_scale_settle follows; */
void spar_loss_scale_hold(spar_loss_scale_t *scale);
/* it was none (another rank's overflowed). */
void spar_loss_scale_drop(spar_loss_scale_t *scale);

/* By how much the level that is held, or was kept last, differs from the ones
 * before it, in powers of two. Layers that did not jump have a vote, too.
 * false: there is none, or too few to compare it with. */
bool spar_loss_scale_change(const spar_loss_scale_t *scale, double *change_p);

/* The ranks have decided: all gradients are 2^exponent as large as before. 0:
 * they are not; then what was held begins a new history, so that a lasting
 * change of one layer is not suspected twice. */
void spar_loss_scale_settle(spar_loss_scale_t *scale, int exponent);

/* After a jump that was no change of the scale, others are ignored for a while.
 * Rests double, unless the one before was long ago: a trainer whose gradients
 * often jump has few dense steps for it, and one that they surprise now and
 * then is followed all the same. All zeros: none. */
typedef struct spar_loss_scale_rest {
    int64_t end;    /* the first step behind it */
    uint64_t steps; /* its length; 0: begins anew */
} spar_loss_scale_rest_t;

/* From step `now` on. */
void spar_loss_scale_rest_begin(spar_loss_scale_rest_t *rest, int64_t now);

/* The same rest where steps are counted from another one on: that of number n
 * is number n + `steps`. */
spar_loss_scale_rest_t spar_loss_scale_rest_shift(
    const spar_loss_scale_rest_t *rest, int64_t steps);

/* Numbers of a vote. They are added over the ranks, exactly and in any order.
 */
enum {
    SPAR_LOSS_SCALE_VOTERS,
    SPAR_LOSS_SCALE_CHANGES,   /* sum of the changes */
    SPAR_LOSS_SCALE_EXPONENTS, /* of the whole numbers next to them */
    SPAR_LOSS_SCALE_SQUARES,   /* of the squares of these */
    SPAR_LOSS_SCALE_VETOES,
    SPAR_LOSS_SCALE_NUMBERS
};

/* This rank's vote: the median of its layers' changes, which are sorted. With
 * count 0 it has none. Returns the whole number next to the median. */
int spar_loss_scale_vote(double *changes, size_t count, double *numbers);
/* It must not be: the residuals of this rank would overflow. */
void spar_loss_scale_veto(double *numbers);

/* From the votes of all ranks: the exponent of the change; 0: there was none,
 * or the ranks do not agree. */
int spar_loss_scale_decide(const double *numbers);

#endif
