#include "policy/sequence_history.h"

#include "base/quantile.h"

/* Memory of a step is in use again within so many steps: each time the same,
 * or in turn with what is kept of the step before. */
#define STEPS_TO_RETURN 3
/* A longer step has a pause that is so many times as long as most others. */
#define LONG_PAUSE 4.0

static uint64_t end_of(const spar_sequence_call_t *call)
{
    return call->input + call->count * spar_dtype_size(call->dtype);
}

static bool overlaps(const spar_sequence_call_t *a,
                     const spar_sequence_call_t *b)
{
    return a->input < end_of(b) && b->input < end_of(a);
}

/* The fewest calls, below `period`, from that call back to one like it that
 * read some of the same memory; 0: there is none. */
static size_t find_distance(const spar_sequence_t *sequence, size_t back,
                            size_t period, size_t window)
{
    const spar_sequence_call_t *call = spar_history_back(sequence, back);

    for (size_t i = 1; i < period && back + i < window; i++) {
        const spar_sequence_call_t *before =
            spar_history_back(sequence, back + i);

        if (spar_history_are_alike(call, before) && overlaps(call, before)) {
            return i;
        }
    }
    return 0;
}

/* Two calls share memory, the later one `back` calls ago, the other one
 * `distance` calls before it: they are not of one step, so a step begins behind
 * the earlier one. A begin is named by the call that it is in front of, as
 * calls back modulo the period; all others are ruled out. */
static void rule_out(bool *ruled_out, size_t period, size_t back,
                     size_t distance)
{
    for (size_t i = distance; i < period; i++) {
        ruled_out[(back + i) % period] = true;
    }
}

/* Where the step begins is not quite known, and memory may be given back at its
 * end and taken again at its begin. So any begin will do by which no two calls
 * of one step share memory. */
bool spar_history_is_shared(const spar_sequence_t *sequence,
                            const spar_sequence_call_t *like, size_t period)
{
    bool ruled_out[SPAR_SEQUENCE_MAX_PERIOD] = {false};
    size_t window = spar_history_window(sequence, period);
    bool shared = true;

    for (size_t back = 0; back < window; back++) {
        size_t distance = 0;

        if (like == NULL ||
            spar_history_are_alike(spar_history_back(sequence, back), like)) {
            distance = find_distance(sequence, back, period, window);
        }
        if (distance > 0) {
            rule_out(ruled_out, period, back, distance);
        }
    }
    for (size_t begin = 0; begin < period; begin++) {
        shared = shared && ruled_out[begin];
    }
    return shared;
}

/* The fewest calls back to one like that call; the call itself: it is the
 * latest of its kind. */
static size_t latest_alike(const spar_sequence_t *sequence, size_t back)
{
    size_t latest = 0;

    while (!spar_history_are_alike(spar_history_back(sequence, latest),
                                   spar_history_back(sequence, back))) {
        latest++;
    }
    return latest;
}

void spar_sequence_find_shared(const spar_sequence_t *sequence, bool *shared_p)
{
    size_t period = sequence->period;

    for (size_t back = 0; back < period; back++) {
        size_t latest = latest_alike(sequence, back);

        shared_p[spar_history_slot(sequence, back)] =
            latest < back
                ? shared_p[spar_history_slot(sequence, latest)]
                : spar_history_is_shared(
                      sequence, spar_history_back(sequence, back), period);
    }
}

/* Whether any of that many calls before reads some of the same memory. */
static bool returns(const spar_sequence_t *sequence, size_t back, size_t calls)
{
    const spar_sequence_call_t *call = spar_history_back(sequence, back);

    for (size_t i = 1; i <= calls; i++) {
        if (overlaps(call, spar_history_back(sequence, back + i))) {
            return true;
        }
    }
    return false;
}

static bool has_long_pause(const spar_sequence_t *sequence, size_t window)
{
    double pauses[SPAR_SEQUENCE_HISTORY] = {0};
    size_t period = sequence->period;
    size_t steps = (window - 1) / period;

    for (size_t back = 0; back < steps * period; back++) {
        pauses[back / period] += spar_history_pause(sequence, back);
    }
    return spar_quantile(pauses, steps, 1) >
           LONG_PAUSE * spar_quantile(pauses, steps, 0.5);
}

bool spar_sequence_is_fresh(const spar_sequence_t *sequence)
{
    size_t window = spar_history_window(sequence, sequence->period);
    size_t before = STEPS_TO_RETURN * sequence->period;
    size_t looked_at = 0, fresh = 0;

    if (sequence->step_calls > 0) {
        return false;
    }
    for (size_t back = 0; back + before < window; back++) {
        looked_at++;
        fresh += !returns(sequence, back, before);
    }
    return 2 * fresh > looked_at && has_long_pause(sequence, window);
}
