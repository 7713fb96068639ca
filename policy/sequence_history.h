/* Spar: the ring of remembered calls; for sequence*.c only. */
#ifndef SPAR_POLICY_SEQUENCE_HISTORY_H
#define SPAR_POLICY_SEQUENCE_HISTORY_H

#include "policy/sequence.h"

static inline uint64_t spar_history_index(uint64_t call)
{
    return call % SPAR_SEQUENCE_HISTORY;
}

/* The call that many calls ago; 0: the latest. */
static inline const spar_sequence_call_t *spar_history_back(
    const spar_sequence_t *sequence, size_t back)
{
    return &sequence->history[spar_history_index(sequence->calls - 1 - back)];
}

#endif
