/*
 * Spar: residuals follow the trainer's loss scale (policy/loss_scale.h). A rank
 * whose gradients jump by a power of two tells so in the headers of that call
 * and of all later ones of the step: these are dense, so that no residual takes
 * in gradients in another unit. Before the next step begins, the ranks agree on
 * what it was: all residuals are multiplied, or none.
 *
 * Persistent calls, which have no steps, are not looked at. With the
 * communicator's `busy` held.
 */
#ifndef SPAR_PMPI_RESCALE_H
#define SPAR_PMPI_RESCALE_H

#include "policy/loss_scale.h"

struct spar_comm;
struct spar_op;

/* Of a communicator. Steps are numbered from 1, through all sequences that were
 * learnt. */
typedef struct spar_rescale {
    uint64_t suspected; /* the step in which this rank's jumped; 0: none */
    bool due;           /* a rank's have, since the step began */
    spar_loss_scale_rest_t rest;
    /* Counted for the report. */
    uint64_t calls; /* that went dense for it */
    uint64_t changes;
    int exponent; /* of the latest one */
} spar_rescale_t;

/* Whether jumps are looked for at all. The same on every rank. */
bool spar_rescale_is_on(void);

/* The call is about to be exchanged sparsely: looks at its gradient, unless
 * that was done already. Returns SPAR_WIRE_JUMP, or 0. */
uint32_t spar_rescale_look(struct spar_op *op);

/* The ranks' flags of the call are known. */
void spar_rescale_note(struct spar_op *op, uint32_t flags);

/* Collective over the shadow, with no call under way, where one is due. */
void spar_rescale_begin(struct spar_comm *comm);
/* true: done; nothing is due any more. */
bool spar_rescale_progress(struct spar_comm *comm);

#endif
