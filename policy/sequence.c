#include "policy/sequence.h"

#include "policy/sequence_history.h"

#include "base/smaller.h"

#include <stdlib.h>
#include <string.h>

/* Occasional small calls (a metric every few steps) disturb the markers; the
 * plain sequence counts too when it repeats that much longer. */
#define PLAIN_FACTOR 4
/* A unit that is lost within so many repeats was equal blocks of one step: then
 * it takes twice as many repeats to be believed, up to so many times what was
 * asked for. */
#define SHORT_LIVED 128
#define MOST_DOUBT  16
/* One call out of sequence in so many units is an evaluation now and then; more
 * of them belong to a step of which the unit is a part. */
#define STRANGER_STEPS 16

static uint64_t mix(uint64_t hash, uint64_t value)
{
    /* splitmix64's finaliser over the running hash */
    uint64_t x = hash ^ (value + 0x9e3779b97f4a7c15u + (hash << 6));

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void start_learning(spar_sequence_t *sequence)
{
    sequence->state = SPAR_SEQUENCE_LEARNING;
    sequence->before += sequence->calls;
    sequence->calls = 0;
    sequence->lost_period = sequence->period;
    sequence->period = 0;
    sequence->strangers = 0;
    sequence->repeated = 0;
    memset(sequence->plain_run, 0, sizeof(sequence->plain_run));
    memset(sequence->marked_run, 0, sizeof(sequence->marked_run));
}

spar_sequence_t *spar_sequence_create(uint64_t repeats, uint64_t step_calls)
{
    spar_sequence_t *sequence = calloc(1, sizeof(*sequence));

    if (sequence != NULL) {
        sequence->repeats = repeats;
        sequence->doubt = 1;
        sequence->step_calls = step_calls;
    }
    return sequence;
}

void spar_sequence_destroy(spar_sequence_t *sequence)
{
    free(sequence);
}

uint64_t spar_sequence_mark(uint64_t marker, spar_dtype_t dtype, uint64_t count)
{
    return mix(mix(marker, dtype), count);
}

static void count_runs(const uint64_t *keys, uint64_t calls, uint32_t *runs)
{
    uint64_t key = keys[spar_history_index(calls)];
    uint64_t longest =
        calls < SPAR_SEQUENCE_MAX_PERIOD ? calls : SPAR_SEQUENCE_MAX_PERIOD;

    for (uint64_t period = 1; period <= longest; period++) {
        runs[period] = keys[spar_history_index(calls - period)] == key
                           ? runs[period] + 1
                           : 0;
    }
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The shortest period that has repeated often enough; 0: none yet. */
static size_t find_period(const spar_sequence_t *sequence)
{
    uint64_t repeats = sequence->repeats * sequence->doubt;

    if (sequence->step_calls > 0) {
        size_t period = sequence->step_calls;
        uint64_t needed = sequence->repeats * period;

        return sequence->plain_run[period] >= needed ? period : 0;
    }
    for (size_t period = 1; period <= SPAR_SEQUENCE_MAX_PERIOD; period++) {
        uint64_t needed = max_u64(repeats * period, SPAR_SEQUENCE_LEAST_RUN);

        if (sequence->marked_run[period] >= needed ||
            sequence->plain_run[period] >= PLAIN_FACTOR * needed) {
            return period;
        }
    }
    return 0;
}

static spar_sequence_place_t learn(spar_sequence_t *sequence,
                                   const spar_sequence_call_t *call)
{
    spar_sequence_place_t place = {.slot = -1};
    uint64_t index = spar_history_index(sequence->calls);
    uint64_t key = mix(call->dtype, call->count);

    sequence->history[index] = *call;
    sequence->history[index].end = call->begin;
    sequence->history[index].seconds = 0;
    sequence->plain[index] = key;
    sequence->marked[index] = mix(key, call->marker);
    count_runs(sequence->plain, sequence->calls, sequence->plain_run);
    count_runs(sequence->marked, sequence->calls, sequence->marked_run);
    sequence->calls++;
    place.ticket = sequence->before + sequence->calls;
    place.proposal = find_period(sequence);
    return place;
}

static bool slot_fits(const spar_sequence_slot_t *slot,
                      const spar_sequence_call_t *call)
{
    return slot->count == call->count && slot->dtype == call->dtype;
}

/* The only slot that this call fits; -1: none, or several. */
static int only_fit(const spar_sequence_t *sequence,
                    const spar_sequence_call_t *call)
{
    int fit = -1;

    for (size_t i = 0; i < sequence->period; i++) {
        if (slot_fits(&sequence->slots[i], call)) {
            if (fit >= 0) {
                return -1;
            }
            fit = (int)i;
        }
    }
    return fit;
}

static spar_sequence_place_t take(spar_sequence_t *sequence, size_t slot)
{
    spar_sequence_place_t place = {.slot = (int)slot};

    if (slot < sequence->repeated) {
        place.slot = -1;
    }
    place.step_begins = slot == 0;
    if (place.step_begins || slot >= sequence->repeated) {
        sequence->repeated = 0;
    }
    if (place.step_begins) {
        sequence->steps++;
        if (sequence->clean) {
            sequence->mistakes = 0;
        }
        sequence->clean = true;
    }
    sequence->position = slot + 1 < sequence->period ? slot + 1 : 0;
    return place;
}

static void doubt(spar_sequence_t *sequence)
{
    if (sequence->steps >= SHORT_LIVED) {
        sequence->doubt = 1;
    } else if (sequence->doubt < MOST_DOUBT) {
        sequence->doubt *= 2;
    }
}

/* Goes on at the slot. One that has had its turn in this step is that of the
 * next step, if this one has ended early; or else the call is another layer's,
 * of the same size, which must not get what that one owes. */
static spar_sequence_place_t resume(spar_sequence_t *sequence, size_t slot)
{
    size_t position = sequence->position;

    if (slot < position && sequence->repeated < position) {
        sequence->repeated = position;
    }
    return take(sequence, slot);
}

/* Out of sequence: a skipped layer, an evaluation, or another model. */
static spar_sequence_place_t recover(spar_sequence_t *sequence,
                                     const spar_sequence_call_t *call)
{
    spar_sequence_place_t place = {.slot = -1};
    int fit = only_fit(sequence, call);

    sequence->clean = false;
    sequence->mistakes++;
    sequence->strangers++;
    if (sequence->mistakes > sequence->period + 2 ||
        sequence->strangers >
            2 * (sequence->period + 2) + sequence->steps / STRANGER_STEPS) {
        doubt(sequence);
        start_learning(sequence);
        place = learn(sequence, call);
        place.lost = true;
        return place;
    }
    return fit >= 0 ? resume(sequence, (size_t)fit) : place;
}

spar_sequence_place_t spar_sequence_begin(spar_sequence_t *sequence,
                                          const spar_sequence_call_t *call)
{
    if (sequence->state == SPAR_SEQUENCE_LEARNING) {
        return learn(sequence, call);
    }
    if (slot_fits(&sequence->slots[sequence->position], call)) {
        return take(sequence, sequence->position);
    }
    return recover(sequence, call);
}

void spar_sequence_end(spar_sequence_t *sequence, uint64_t ticket, double end,
                       double seconds)
{
    uint64_t call = ticket - sequence->before - 1;
    spar_sequence_call_t *learnt;

    if (ticket <= sequence->before || call >= sequence->calls ||
        sequence->calls - call > SPAR_SEQUENCE_HISTORY) {
        return;
    }
    learnt = &sequence->history[spar_history_index(call)];
    learnt->end = end;
    learnt->seconds = seconds;
}

/* How many calls back the slot's latest one was when it was adopted. */
static size_t back_to(const spar_sequence_t *sequence, size_t slot)
{
    return (sequence->first + sequence->period - slot) % sequence->period;
}

uint64_t spar_sequence_address(const spar_sequence_t *sequence, size_t slot)
{
    return spar_history_back(sequence, back_to(sequence, slot))->address;
}

bool spar_sequence_has_moved(const spar_sequence_t *sequence, size_t slot)
{
    uint64_t address = spar_sequence_address(sequence, slot);
    /* In the very first step buffers may have been others. */
    size_t remembered = spar_smaller(sequence->plain_run[sequence->period],
                                     SPAR_SEQUENCE_HISTORY - sequence->period);

    for (size_t back = back_to(sequence, slot); back < remembered;
         back += sequence->period) {
        if (spar_history_back(sequence, back)->address != address) {
            return true;
        }
    }
    return false;
}

spar_sequence_place_t spar_sequence_adopt(spar_sequence_t *sequence,
                                          size_t period, size_t first)
{
    sequence->state = SPAR_SEQUENCE_KNOWN;
    sequence->period = period;
    sequence->mistakes = 0;
    sequence->clean = true;
    for (size_t i = 0; i < period; i++) {
        const spar_sequence_call_t *call =
            spar_history_back(sequence, (first + period - i) % period);

        sequence->slots[i].dtype = call->dtype;
        sequence->slots[i].element = call->element;
        sequence->slots[i].place = call->place;
        sequence->slots[i].count = call->count;
        sequence->slots[i].nonblocking = call->nonblocking;
    }
    sequence->steps = 0;
    sequence->first = first;
    sequence->position = first;
    return take(sequence, first);
}
