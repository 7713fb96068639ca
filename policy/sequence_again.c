#include "policy/sequence_history.h"

#include "base/quantile.h"

/* Whether the latest calls, of one whole step, are those of the lost step, if
 * its first one was `back` calls ago. */
static bool fits_lost(const spar_sequence_t *sequence, size_t back)
{
    size_t period = sequence->lost_period;

    for (size_t i = 0; i < period; i++) {
        const spar_sequence_call_t *call = spar_history_back(sequence, i);
        const spar_sequence_slot_t *slot =
            &sequence->slots[(back + period - i) % period];

        if (call->count != slot->count || call->dtype != slot->dtype) {
            return false;
        }
    }
    return true;
}

/* What the application computes before the call that many calls ago: the median
 * over the steps. */
static double typical_pause(const spar_sequence_t *sequence, size_t back,
                            size_t window)
{
    double pauses[SPAR_SEQUENCE_HISTORY] = {0};
    size_t count = 0;

    for (; back + 1 < window; back += sequence->lost_period) {
        pauses[count++] = spar_history_back(sequence, back)->begin -
                          spar_history_back(sequence, back + 1)->end;
    }
    return count > 0 ? spar_quantile(pauses, count, 0.5) : 0;
}

/* How many calls back the first call of the lost step is; where equal layers
 * leave it open, the one behind the longest pause. false: it is another step.
 */
static bool find_first(const spar_sequence_t *sequence, size_t window,
                       size_t *first_p)
{
    double longest = 0;
    bool found = false;

    for (size_t back = 0; back < sequence->lost_period; back++) {
        double pause;

        if (!fits_lost(sequence, back)) {
            continue;
        }
        pause = typical_pause(sequence, back, window);
        if (!found || pause > longest) {
            *first_p = back;
            longest = pause;
            found = true;
        }
    }
    return found;
}

static bool buffers_repeat(const spar_sequence_t *sequence, bool input,
                           size_t window, size_t period)
{
    for (size_t back = 0; back + period < window; back++) {
        const spar_sequence_call_t *call = spar_history_back(sequence, back);
        const spar_sequence_call_t *before =
            spar_history_back(sequence, back + period);

        if (input ? call->input != before->input
                  : call->address != before->address) {
            return false;
        }
    }
    return true;
}

/* Whether it is another step now that has calls of these sizes: the buffers
 * that are read, or written, say so (units of several sizes rather have buffers
 * in turn), or it has become shorter by some of its buffers, or the pauses tell
 * a step that is neither a part nor a multiple of the lost one. */
static bool is_another(const spar_sequence_t *sequence, size_t window,
                       size_t proposal, size_t judged)
{
    size_t lost = sequence->lost_period;

    if (proposal > 1 && judged % lost == 0) {
        return false;
    }
    if (judged > proposal && judged % lost != 0 && lost % judged != 0) {
        return true;
    }
    for (int input = 0; input < 2; input++) {
        bool shorter =
            judged < lost && !buffers_repeat(sequence, input, window, proposal);

        if (buffers_repeat(sequence, input, window, judged) &&
            (shorter || !buffers_repeat(sequence, input, window, lost))) {
            return true;
        }
    }
    return false;
}

size_t spar_sequence_judge_again(const spar_sequence_t *sequence,
                                 size_t proposal, size_t *first_p)
{
    size_t lost = sequence->lost_period;
    size_t judged = spar_sequence_judge(sequence, proposal, first_p);
    size_t window = sequence->plain_run[proposal] + proposal;

    if (window > SPAR_SEQUENCE_HISTORY) {
        window = SPAR_SEQUENCE_HISTORY;
    }
    if (proposal == 0 || lost == 0 || lost % proposal != 0 || lost > window ||
        is_another(sequence, window, proposal, judged)) {
        return judged;
    }
    return find_first(sequence, window, first_p) ? lost : judged;
}
