/* Spar: the ring of remembered calls; for sequence*.c only. */
#ifndef SPAR_POLICY_SEQUENCE_HISTORY_H
#define SPAR_POLICY_SEQUENCE_HISTORY_H

#include "policy/sequence.h"

/* Calls in a row, up to the latest, that repeated with that period. */
static inline size_t spar_history_window(const spar_sequence_t *sequence,
                                         size_t period)
{
    size_t run = sequence->plain_run[period] + period;

    return run < SPAR_SEQUENCE_HISTORY ? run : SPAR_SEQUENCE_HISTORY;
}

static inline uint64_t spar_history_index(uint64_t call)
{
    return call % SPAR_SEQUENCE_HISTORY;
}

static inline bool spar_history_are_alike(const spar_sequence_call_t *a,
                                          const spar_sequence_call_t *b)
{
    return a->dtype == b->dtype && a->count == b->count;
}

/* The call that many calls ago; 0: the latest. */
static inline const spar_sequence_call_t *spar_history_back(
    const spar_sequence_t *sequence, size_t back)
{
    return &sequence->history[spar_history_index(sequence->calls - 1 - back)];
}

/* Seconds between the end of the call before that one and its begin; the oldest
 * has none. */
static inline double spar_history_pause(const spar_sequence_t *sequence,
                                        size_t back)
{
    double pause = spar_history_back(sequence, back)->begin -
                   spar_history_back(sequence, back + 1)->end;

    return pause > 0 ? pause : 0;
}

/* Once the sequence is known: the slot of the call that many, below the period,
 * before adoption. */
static inline size_t spar_history_slot(const spar_sequence_t *sequence,
                                       size_t back)
{
    return (sequence->first + sequence->period - back) % sequence->period;
}

/*
 * Whether calls like that one (NULL: of any size) could be one layer's although
 * they are several in a step of that period: they read memory that, in any
 * step, is not all there at the same time.
 */
bool spar_history_is_shared(const spar_sequence_t *sequence,
                            const spar_sequence_call_t *like, size_t period);

#endif
