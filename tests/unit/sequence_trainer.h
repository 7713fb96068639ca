/* A trainer as the sequence sees it: its calls, and the pauses between them. */
#ifndef TESTS_UNIT_SEQUENCE_TRAINER_H
#define TESTS_UNIT_SEQUENCE_TRAINER_H

#include "unit.h"

#include "policy/sequence.h"

#include <stdbool.h>

#define REPEATS 4

typedef struct trainer {
    spar_sequence_t *sequence;
    double now;
    uint64_t marker;
    spar_sequence_place_t place; /* of the latest call */
    size_t period;               /* adopted last */
    unsigned adoptions;
} trainer_t;

static inline void start(trainer_t *trainer, uint64_t step_calls)
{
    *trainer = (trainer_t){.now = 1};
    trainer->sequence = spar_sequence_create(REPEATS, step_calls);
    assert_non_null(trainer->sequence);
}

static inline void stop(trainer_t *trainer)
{
    spar_sequence_destroy(trainer->sequence);
}

/* A call after `pause` seconds of computation that takes 1 ms. */
static inline void call_between(trainer_t *trainer, uint64_t count,
                                uint64_t input, uint64_t address, double pause)
{
    spar_sequence_call_t what = {.dtype = SPAR_DTYPE_F32,
                                 .count = count,
                                 .address = address,
                                 .input = input,
                                 .marker = trainer->marker};
    uint64_t ticket;

    trainer->marker = 0;
    trainer->now += pause;
    what.begin = trainer->now;
    trainer->place = spar_sequence_begin(trainer->sequence, &what);
    ticket = trainer->place.ticket;
    if (trainer->place.proposal > 0) {
        size_t first;

        trainer->period = spar_sequence_judge(trainer->sequence,
                                              trainer->place.proposal, &first);
        trainer->place =
            spar_sequence_adopt(trainer->sequence, trainer->period, first);
        trainer->adoptions++;
    }
    trainer->now += 1e-3;
    spar_sequence_end(trainer->sequence, ticket, trainer->now, 1e-3);
}

/* In place. */
static inline void call(trainer_t *trainer, uint64_t count, uint64_t address,
                        double pause)
{
    call_between(trainer, count, address, address, pause);
}

static inline uint64_t fresh_address(void)
{
    static uint64_t next = 4096;

    return next += 1 << 28;
}

static inline bool known(const trainer_t *trainer)
{
    return trainer->sequence->state == SPAR_SEQUENCE_KNOWN;
}

#endif
