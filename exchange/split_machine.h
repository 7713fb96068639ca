/* Spar: the machine of exchange/split.h, which is in three files: its life
 * (split.c), entries to their owners (split_scatter.c), sums to all
 * (split_gather.c). */
#ifndef SPAR_EXCHANGE_SPLIT_MACHINE_H
#define SPAR_EXCHANGE_SPLIT_MACHINE_H

#include "exchange/agreement.h"
#include "exchange/block.h"
#include "exchange/machine.h"
#include "exchange/split_region.h"
#include "exchange/split_state.h"

/* Behind an owner's block travels how many entries it has received. */
#define SPAR_SPLIT_LOAD_BYTES sizeof(uint64_t)

/* Blocks start on cache lines, with some room for rounded sizes. */
#define SPAR_SPLIT_ALIGNMENT 64
#define SPAR_SPLIT_PADDING                                                     \
    (SPAR_WIRE_HEADER_BYTES + SPAR_SPLIT_LOAD_BYTES + 2 * SPAR_SPLIT_ALIGNMENT)

typedef enum spar_split_phase {
    SPAR_SPLIT_AGREE,   /* flags travel */
    SPAR_SPLIT_SCATTER, /* entries travel to the owners */
    SPAR_SPLIT_GATHER,  /* sums travel to all */
    SPAR_SPLIT_APPLY
} spar_split_phase_t;

/* What came from a rank in the present phase. */
typedef struct spar_split_part {
    spar_wire_header_t header;
    bool known;    /* the header is read */
    size_t offset; /* of its region's block in `results` */
} spar_split_part_t;

typedef struct spar_split {
    spar_machine_t machine;
    spar_split_phase_t phase;
    spar_agreement_t agreement;
    spar_split_state_t *state;    /* the call's or the own one */
    spar_split_state_t forgetful; /* for calls without a state */
    spar_split_balance_t balance;
    spar_split_region_t region; /* this rank's */
    spar_split_part_t *parts;   /* one per rank */
    uint64_t *loads;            /* one per rank */
    int done;                   /* ranks whose block is worked in */
    spar_blocks_t received;     /* one buffer per rank, for entries */
    spar_blocks_t sent;         /* one for all entries of this rank */
    spar_blocks_t results;      /* one for the blocks of all regions */
    spar_selection_t decoded;   /* the result of one region */
    spar_selection_t delivered; /* this rank's entries that are in it */
    size_t cursor;              /* in its selection */
    bool settled;               /* these are out of the residual */
} spar_split_t;

static inline size_t spar_split_aligned(size_t bytes)
{
    return (bytes + SPAR_SPLIT_ALIGNMENT - 1) / SPAR_SPLIT_ALIGNMENT *
           SPAR_SPLIT_ALIGNMENT;
}

/* Most entries that an owner of so many elements sends on. */
uint64_t spar_split_most_chosen(const spar_split_t *split, uint64_t span);

/* Start a phase; errors have ended the call. */
spar_status_t spar_split_scatter(spar_split_t *split);
spar_status_t spar_split_gather(spar_split_t *split);
/* Advance it. SPAR_OK: it is over. */
spar_status_t spar_split_progress_scatter(spar_split_t *split);
spar_status_t spar_split_progress_gather(spar_split_t *split);
spar_status_t spar_split_progress_apply(spar_split_t *split);

#endif
