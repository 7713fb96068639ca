/*
 * Spar: what exchange/split.h remembers of a layer: which rank owns which
 * region, and the threshold of this rank's own. Plain data, the layer's; all
 * zeros: nothing is known yet.
 */
#ifndef SPAR_EXCHANGE_SPLIT_STATE_H
#define SPAR_EXCHANGE_SPLIT_STATE_H

#include "sparsify/selector.h"

/* Ranks that a split can serve. */
#define SPAR_SPLIT_MOST_RANKS 1024

typedef struct spar_split_state {
    uint64_t count; /* elements of the layer */
    int ranks;
    /* Where each rank's region begins; the last one ends with the layer. The
     * same on every rank. */
    uint32_t begins[SPAR_SPLIT_MOST_RANKS];
    spar_selector_t selector; /* of this rank's region */
} spar_split_state_t;

/* Makes equal regions, unless the state already is one of such a layer and so
 * many ranks. */
void spar_split_state_prepare(spar_split_state_t *state, spar_dtype_t dtype,
                              uint64_t count, int ranks);

/* First element of a rank's region; for rank = ranks the end of the last. */
static inline uint32_t spar_split_begin(const spar_split_state_t *state,
                                        int rank)
{
    return rank < state->ranks ? state->begins[rank] : (uint32_t)state->count;
}

static inline uint32_t spar_split_span(const spar_split_state_t *state,
                                       int rank)
{
    return spar_split_begin(state, rank + 1) - spar_split_begin(state, rank);
}

/*
 * New regions of equal load, from facts that all ranks have. Within a region
 * the load is taken to lie as the entries of its result do. Usage: begin once
 * with the load of each region (entries that its owner has received), then
 * region after region with the indices of its result, relative to its begin.
 */
typedef struct spar_split_balance {
    bool due;      /* the regions are uneven */
    int next;      /* region whose new begin is to be found */
    double total;  /* load */
    double passed; /* of the regions before the present one */
    uint32_t begins[SPAR_SPLIT_MOST_RANKS];
} spar_split_balance_t;

void spar_split_balance_start(spar_split_balance_t *balance,
                              const spar_split_state_t *state,
                              const uint64_t *loads);
void spar_split_balance_add(spar_split_balance_t *balance,
                            const spar_split_state_t *state, int region,
                            uint64_t load, const uint32_t *indices,
                            size_t count);
/* Takes the new regions over if they are due. */
void spar_split_balance_finish(const spar_split_balance_t *balance,
                               spar_split_state_t *state);

#endif
