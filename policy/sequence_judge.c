#include "policy/sequence_history.h"

#include "base/quantile.h"

#include <math.h>

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

static uint64_t address_of(const spar_sequence_call_t *call, bool input)
{
    return input ? call->input : call->address;
}

static bool addresses_repeat(const spar_sequence_t *sequence, bool input,
                             size_t window, size_t period)
{
    for (size_t back = 0; back + period < window; back++) {
        if (address_of(spar_history_back(sequence, back), input) !=
            address_of(spar_history_back(sequence, back + period), input)) {
            return false;
        }
    }
    return true;
}

/* Trainers with fixed buffers show their step in the addresses. 0: they never
 * repeat. */
static size_t multiple_by_address(const spar_sequence_t *sequence, bool input,
                                  size_t proposal, size_t window)
{
    for (size_t multiple = 1;
         multiple <= MAX_MULTIPLE && LEAST_SEEN * multiple * proposal <= window;
         multiple++) {
        if (addresses_repeat(sequence, input, window, multiple * proposal)) {
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
            pauses[unit] +=
                spar_history_pause(sequence, unit * proposal + call);
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
 * carry several layers, or fresh ones hide them, or only one side changes (new
 * results each time, from one buffer): then the pauses tell. */
static size_t find_multiple(const spar_sequence_t *sequence, size_t proposal,
                            size_t window)
{
    size_t read = multiple_by_address(sequence, true, proposal, window);
    size_t written = multiple_by_address(sequence, false, proposal, window);

    if (read > 1 && written != 1) {
        return read;
    }
    if (written > 1 && read != 1) {
        return written;
    }
    return multiple_by_pause(sequence, proposal, window,
                             written == 1 && read <= 1);
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
            pauses[count++] = spar_history_pause(sequence, call);
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

/* Whether the pauses before each of the steps in a unit are much alike. One
 * that is far longer shows that they are parts of a step. */
static bool pauses_are_even(const spar_sequence_t *sequence, size_t period,
                            size_t unit, size_t window)
{
    double shortest = INFINITY, longest = 0;

    for (size_t phase = 0; phase < unit; phase += period) {
        double pauses[SPAR_SEQUENCE_HISTORY] = {0};
        size_t count = 0;
        double typical;

        for (size_t from = phase; from + period < window; from += unit) {
            for (size_t call = 0; call < period; call++) {
                pauses[count] += spar_history_pause(sequence, from + call);
            }
            count++;
        }
        typical = spar_quantile(pauses, count, 0.5);
        shortest = fmin(shortest, typical);
        longest = fmax(longest, typical);
    }
    return longest <= STRICT_PAUSE_FACTOR * shortest;
}

/*
 * A small call every few steps (a metric) makes those steps look like one, in
 * which calls of one size are made several times with the same memory. The step
 * is then the longest part in which none are; unless the pauses say that such
 * memory carries several layers in turn.
 */
static size_t find_unit(const spar_sequence_t *sequence, size_t proposal,
                        size_t window)
{
    if (!spar_history_is_shared(sequence, NULL, proposal)) {
        return proposal;
    }
    for (size_t period = proposal / 2; period > 0; period--) {
        if (proposal % period == 0 &&
            sequence->plain_run[period] + period >= window &&
            !spar_history_is_shared(sequence, NULL, period)) {
            return pauses_are_even(sequence, period, proposal, window)
                       ? period
                       : proposal;
        }
    }
    return proposal;
}

static size_t find_period(const spar_sequence_t *sequence, size_t proposal,
                          size_t window)
{
    size_t unit = find_unit(sequence, proposal, window);
    size_t period;

    if (sequence->only_steps && calls_differ(sequence, unit)) {
        return unit;
    }
    period = unit * find_multiple(sequence, unit, window);
    return period <= SPAR_SEQUENCE_MAX_PERIOD && period <= window ? period
                                                                  : unit;
}

size_t spar_sequence_judge(const spar_sequence_t *sequence, size_t proposal,
                           size_t *first_p)
{
    size_t window = spar_history_window(sequence, proposal);
    size_t period = proposal;

    if (proposal == 0) {
        *first_p = 0;
        return 0;
    }
    if (sequence->step_calls == 0) {
        period = find_period(sequence, proposal, window);
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
