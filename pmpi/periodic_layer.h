/* Spar: what a layer of periodic exchanges holds (pmpi/periodic.h). */
#ifndef SPAR_PMPI_PERIODIC_LAYER_H
#define SPAR_PMPI_PERIODIC_LAYER_H

#include "policy/average.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct spar_periodic_layer {
    bool on;       /* agreed: its calls skip exchanges */
    bool carries;  /* agreed: they are gradients, and what is skipped is made
                      up for */
    bool makes_up; /* agreed: they are so no more, but the next one makes up for
                      what was skipped */
    int divides;   /* agreed: 1, or 0; negative: some rank could not look */
    void *carry;   /* what this rank has skipped; NULL: nothing yet */
    bool is_owing; /* that is not all 0; agreed when no call is under way */
    /* The latest steps, by the number of their first call, in which its call
     * was dense, and in which that was with all that it had skipped. */
    uint64_t dense_in;
    uint64_t summed_in;
    /* What the present step does to it is kept only if the trainer keeps the
     * step. */
    bool has_changed; /* in this step; before it there were: */
    void *before;     /* carry; allocated with it */
    bool was_owing;
    void *made_up; /* one of the two arrays: its dense call is under way */
    spar_average_t average; /* since it is watched */
} spar_periodic_layer_t;

struct spar_layer;

/* Room for what is skipped. false: out of memory. */
bool spar_periodic_layer_reserve(struct spar_layer *layer);
/* The carry is about to change: where its present values are, which is the
 * array that is to be written, or the other one. */
const void *spar_periodic_layer_change(struct spar_layer *layer);
/* The step is over, with all ranks' flags known. Dense calls of the layer may
 * still be under way. */
void spar_periodic_layer_end_step(struct spar_layer *layer, bool undo);

/* Whether it owes something then. */
bool spar_periodic_layer_owes(const struct spar_layer *layer, bool undo);

/* Frees all; warns of gradients that have not been made up for. */
void spar_periodic_layer_retire(struct spar_layer *layer);
void spar_periodic_layer_cleanup(struct spar_layer *layer);
/* `to` is the same layer in a new sequence. */
void spar_periodic_layer_move(struct spar_layer *to, struct spar_layer *from);
size_t spar_periodic_layer_bytes(const struct spar_layer *layer);

#endif
