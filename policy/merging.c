#include "policy/merging.h"

static bool may_lead(const spar_merging_call_t *call)
{
    return call->eligible && call->count <= SPAR_MERGING_LAYER;
}

static bool may_follow(const spar_merging_call_t *leader,
                       const spar_merging_call_t *call)
{
    return may_lead(call) && call->dtype == leader->dtype &&
           call->method == leader->method;
}

/* Calls from the first one on that may travel together. */
static size_t run_length(const spar_merging_call_t *calls, size_t number)
{
    uint64_t total = calls[0].count;
    size_t length = 1;

    while (length < number && length < SPAR_MERGING_MOST &&
           may_follow(&calls[0], &calls[length]) &&
           total + calls[length].count <= SPAR_MERGING_TOTAL) {
        total += calls[length].count;
        length++;
    }
    return length;
}

size_t spar_merging_find(const spar_merging_call_t *calls, size_t number,
                         spar_merging_run_t *runs_p)
{
    size_t found = 0, at = 0;

    while (at < number) {
        size_t length =
            may_lead(&calls[at]) ? run_length(&calls[at], number - at) : 1;

        if (length > 1) {
            runs_p[found++] = (spar_merging_run_t){at, length};
        }
        at += length;
    }
    return found;
}
