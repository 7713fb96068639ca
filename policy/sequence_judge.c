#include "policy/sequence_history.h"

#include "base/quantile.h"

/* Longest multiple of the proposal that is looked at. */
#define MAX_MULTIPLE 64
/* A pause is the step's own if nearly always it is that much longer than
 * nearly all others; in every single case where the addresses say that the
 * buffer is the same one each time. */
#define PAUSE_FACTOR        2.0
#define STRICT_PAUSE_FACTOR 8.0
/* How often a pattern must have been seen. */
#define LEAST_SEEN        4
#define STRICT_LEAST_SEEN 8

/* Time between the end of a call and the start of the one that many calls
 * ago; the oldest has none. */
static double pause_before(const spar_sequence_t *sequence, size_t back)
{
    double pause = spar_history_back(sequence, back)->begin -
                   spar_history_back(sequence, back + 1)->end;

    return pause > 0 ? pause : 0;
}

static size_t window_calls(const spar_sequence_t *sequence, size_t proposal)
{
    size_t run = sequence->plain_run[proposal] + proposal;

    return run < SPAR_SEQUENCE_HISTORY ? run : SPAR_SEQUENCE_HISTORY;
}

static bool addresses_repeat(const spar_sequence_t *sequence, size_t window,
                             size_t period)
{
    for (size_t back = 0; back + period < window; back++) {
        if (spar_history_back(sequence, back)->address !=
            spar_history_back(sequence, back + period)->address) {
            return false;
        }
    }
    return true;
}

/* Trainers with fixed buffers show their step in the addresses. 0: they never
 * repeat. */
static size_t multiple_by_address(const spar_sequence_t *sequence,
                                  size_t proposal, size_t window)
{
    for (size_t multiple = 1;
         multiple <= MAX_MULTIPLE && LEAST_SEEN * multiple * proposal <= window;
         multiple++) {
        if (addresses_repeat(sequence, window, multiple * proposal)) {
            return multiple;
        }
    }
    return 0;
}

/* Is every `multiple`-th unit, from `phase` on, preceded by a long pause? */
static bool pauses_repeat(const double *pauses, size_t units, size_t multiple,
                          size_t phase, bool strict)
{
    double own[SPAR_SEQUENCE_HISTORY] = {0};
    double others[SPAR_SEQUENCE_HISTORY] = {0};
    size_t own_count = 0, other_count = 0;

    for (size_t unit = 0; unit < units; unit++) {
        if (unit % multiple == phase) {
            own[own_count++] = pauses[unit];
        } else {
            others[other_count++] = pauses[unit];
        }
    }
    if (strict) {
        return spar_quantile(own, own_count, 0) >
               STRICT_PAUSE_FACTOR * spar_quantile(others, other_count, 1);
    }
    return spar_quantile(own, own_count, 0.1) >
           PAUSE_FACTOR * spar_quantile(others, other_count, 0.9);
}

/* Trainers compute between the steps: the pause there is the longest. */
static size_t multiple_by_pause(const spar_sequence_t *sequence,
                                size_t proposal, size_t window, bool strict)
{
    double pauses[SPAR_SEQUENCE_HISTORY] = {0};
    size_t units = (window - 1) / proposal;
    size_t seen = strict ? STRICT_LEAST_SEEN : LEAST_SEEN;

    for (size_t unit = 0; unit < units; unit++) {
        pauses[unit] = 0;
        for (size_t call = 0; call < proposal; call++) {
            pauses[unit] += pause_before(sequence, unit * proposal + call);
        }
    }
    for (size_t multiple = 2;
         multiple <= MAX_MULTIPLE && seen * multiple <= units; multiple++) {
        for (size_t phase = 0; phase < multiple; phase++) {
            if (pauses_repeat(pauses, units, multiple, phase, strict)) {
                return multiple;
            }
        }
    }
    return 1;
}

/* Buffers that change with the layers settle it. Otherwise one buffer may still
 * carry several layers, or fresh ones hide them: then the pauses tell. */
static size_t find_multiple(const spar_sequence_t *sequence, size_t proposal,
                            size_t window)
{
    size_t multiple = multiple_by_address(sequence, proposal, window);

    if (multiple > 1) {
        return multiple;
    }
    return multiple_by_pause(sequence, proposal, window, multiple == 1);
}

/* How many calls back the call behind the longest typical pause is. */
static size_t find_first(const spar_sequence_t *sequence, size_t period,
                         size_t window)
{
    double pauses[SPAR_SEQUENCE_HISTORY] = {0};
    double longest = -1;
    size_t first = 0;

    for (size_t back = 0; back < period; back++) {
        size_t count = 0;
        double typical;

        for (size_t call = back; call + 1 < window; call += period) {
            pauses[count++] = pause_before(sequence, call);
        }
        typical = count > 0 ? spar_quantile(pauses, count, 0.5) : 0;
        if (typical > longest) {
            longest = typical;
            first = back;
        }
    }
    return first;
}

static bool calls_differ(const spar_sequence_t *sequence, size_t proposal)
{
    const spar_sequence_call_t *latest = spar_history_back(sequence, 0);

    for (size_t back = 1; back < proposal; back++) {
        const spar_sequence_call_t *call = spar_history_back(sequence, back);

        if (call->count != latest->count || call->dtype != latest->dtype) {
            return true;
        }
    }
    return false;
}

size_t spar_sequence_judge(const spar_sequence_t *sequence, size_t proposal,
                           size_t *first_p)
{
    size_t window = window_calls(sequence, proposal);
    size_t period = proposal;

    if (proposal == 0) {
        *first_p = 0;
        return 0;
    }
    if (sequence->step_calls == 0 &&
        !(sequence->only_steps && calls_differ(sequence, proposal))) {
        size_t multiple = find_multiple(sequence, proposal, window);

        if (multiple * proposal <= SPAR_SEQUENCE_MAX_PERIOD &&
            multiple * proposal <= window) {
            period = multiple * proposal;
        }
    }
    *first_p = find_first(sequence, period, window);
    return period;
}

double spar_sequence_learnt_seconds(const spar_sequence_t *sequence,
                                    size_t slot)
{
    double seconds[SPAR_SEQUENCE_HISTORY] = {0};
    size_t period = sequence->period;
    size_t count = 0;
    size_t back = (sequence->first + period - slot) % period;
    size_t remembered = sequence->calls < SPAR_SEQUENCE_HISTORY
                            ? sequence->calls
                            : SPAR_SEQUENCE_HISTORY;

    /* The latest call had not ended when the sequence was adopted. */
    if (back == 0) {
        back = period;
    }
    for (; back < remembered && count < sequence->repeats; back += period) {
        const spar_sequence_call_t *call = spar_history_back(sequence, back);

        seconds[count++] = call->seconds;
    }
    return count > 0 ? spar_quantile(seconds, count, 0.5) : 0;
}
