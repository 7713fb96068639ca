/*
 * Spar: the groups of small layers of a communicator that travel in one
 * exchange. They follow from the plan and from what all ranks learnt in
 * headers, so they are the same on every rank. With the communicator's `busy`
 * held.
 */
#ifndef SPAR_PMPI_MERGING_H
#define SPAR_PMPI_MERGING_H

#include "pmpi/piece.h"

#include <stdbool.h>
#include <stddef.h>

struct spar_comm;

typedef struct spar_group {
    size_t first; /* slot */
    size_t size;  /* neighbouring slots */
    uint64_t count;
    spar_method_t method;
    /* Begun so far. The layers' own numbers would not do: a member that has
     * not joined yet may still be in its exchange of the step before. */
    uint32_t exchanges;
    /* Its elements one after the other: proven room, regions of a split. */
    spar_piece_t piece;
    /* A group that a rank could not wait for rests, longer each time. Steps of
     * the known sequence. */
    uint64_t resumes; /* the step */
    uint64_t rest;    /* steps of the next rest */
    uint64_t whole;   /* exchanges since the last rest */
} spar_group_t;

/* After the plan was made or reviewed, with no call under way. */
void spar_merging_plan(struct spar_comm *comm);
/* Before the communicator's layers are freed. */
void spar_merging_drop(struct spar_comm *comm);

/* The group of which this slot is the first one, if its layers are to travel
 * together in the present step; NULL otherwise. */
spar_group_t *spar_merging_find_group(const struct spar_comm *comm,
                                      size_t slot);

/* What all ranks saw of the exchange of this step: a rank did not have all
 * layers, or all went well. */
void spar_merging_note_parted(spar_group_t *group, uint64_t step);
void spar_merging_note_whole(spar_group_t *group);

#endif
