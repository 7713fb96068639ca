#include "exchange/split_state.h"

#include <string.h>

/* Largest load over mean load that is even enough. With less, regions would
 * move back and forth with every call's noise, and the owners' thresholds with
 * them. */
#define EVEN 1.15

void spar_split_state_prepare(spar_split_state_t *state, spar_dtype_t dtype,
                              uint64_t count, int ranks)
{
    if (state->count == count && state->ranks == ranks &&
        state->selector.dtype == dtype) {
        return;
    }
    memset(state, 0, sizeof(*state));
    state->count = count;
    state->ranks = ranks;
    for (int rank = 0; rank < ranks; rank++) {
        state->begins[rank] =
            (uint32_t)(count * (uint64_t)rank / (uint64_t)ranks);
    }
    spar_selector_init(&state->selector, SPAR_SELECT_EXACT, dtype, count);
}

void spar_split_balance_start(spar_split_balance_t *balance,
                              const spar_split_state_t *state,
                              const uint64_t *loads)
{
    double most = 0;

    balance->next = 1;
    balance->total = 0;
    balance->passed = 0;
    balance->begins[0] = 0;
    for (int rank = 0; rank < state->ranks; rank++) {
        double load = (double)loads[rank];

        balance->total += load;
        most = load > most ? load : most;
    }
    balance->due = most * state->ranks > EVEN * balance->total;
}

/* The element of a region before which `share` of its load lies. */
static uint32_t element_at(double share, uint32_t span, const uint32_t *indices,
                           size_t count)
{
    size_t entry = (size_t)(share * (double)count);

    if (count == 0) {
        return (uint32_t)(share * (double)span);
    }
    return indices[entry < count ? entry : count - 1];
}

void spar_split_balance_add(spar_split_balance_t *balance,
                            const spar_split_state_t *state, int region,
                            uint64_t load, const uint32_t *indices,
                            size_t count)
{
    double end = balance->passed + (double)load;

    while (balance->next < state->ranks) {
        double wanted = balance->total * balance->next / state->ranks;

        if (wanted >= end) {
            break;
        }
        balance->begins[balance->next++] =
            spar_split_begin(state, region) +
            element_at((wanted - balance->passed) / (double)load,
                       spar_split_span(state, region), indices, count);
    }
    balance->passed = end;
}

void spar_split_balance_finish(const spar_split_balance_t *balance,
                               spar_split_state_t *state)
{
    for (int rank = 1; balance->due && rank < state->ranks; rank++) {
        /* Rounding may have left out the last ones. */
        state->begins[rank] = rank < balance->next ? balance->begins[rank]
                                                   : (uint32_t)state->count;
    }
}
