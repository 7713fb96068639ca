/*
 * Spar: do gradients and other sums take turns? A natural-gradient trainer
 * (TRPO) sums a gradient and then, for its conjugate gradients, some ten
 * products of the same length, by calls that nothing else tells apart. The size
 * of the products falls by a lot within a turn and jumps back up at the next
 * one; that of gradients wanders, falls over a run, and has a spike now and
 * then. Layers of one length that share a buffer are of several sizes in turn,
 * too.
 *
 * Looks at some elements of each result of calls of one length in a row. Local:
 * rank 0's judgement is broadcast. Not thread-safe.
 */
#ifndef SPAR_POLICY_TURNS_H
#define SPAR_POLICY_TURNS_H

#include "policy/element.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Results whose size is remembered. */
#define SPAR_TURNS_KEPT 128

typedef struct spar_turns {
    spar_dtype_t dtype; /* of the latest call */
    uint64_t count;
    uint64_t seen;                 /* calls in a row like it, with a size */
    double sizes[SPAR_TURNS_KEPT]; /* logarithms, a ring */
} spar_turns_t;

/* Zero-initialised: nothing seen. A call of another length begins anew. */
void spar_turns_look(spar_turns_t *turns, spar_dtype_t dtype,
                     const void *result, uint64_t count);

/* The same from the elements that are looked at: these rows of a result of
 * `count` elements, one after the other. */
spar_element_rows_t spar_turns_rows(uint64_t count);
void spar_turns_look_at_rows(spar_turns_t *turns, spar_dtype_t dtype,
                             const void *rows, uint64_t count);

/* Whether the sizes go up and down as if sums took turns, in any of `layers`
 * layers that are called one after the other. false before enough was seen. */
bool spar_turns_are_taken(const spar_turns_t *turns, size_t layers);

#endif
