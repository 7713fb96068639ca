#include "policy/sequence.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static size_t count_sizes(const uint64_t *keys, size_t count)
{
    uint64_t sorted[SPAR_SEQUENCE_HISTORY];
    size_t sizes = count > 0;

    memcpy(sorted, keys, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare);
    for (size_t i = 1; i < count; i++) {
        sizes += sorted[i] != sorted[i - 1];
    }
    return sizes;
}

/* A whole unit once more: by chance, so many calls in a row do not equal those
 * before them. */
static bool repeats(const spar_sequence_t *sequence)
{
    for (size_t period = 1; period <= SPAR_SEQUENCE_MAX_PERIOD; period++) {
        if (sequence->plain_run[period] >= period &&
            sequence->plain_run[period] >= SPAR_SEQUENCE_LEAST_RUN) {
            return true;
        }
    }
    return false;
}

spar_sequence_look_t spar_sequence_look(const spar_sequence_t *sequence)
{
    spar_sequence_look_t look = {0};

    if (sequence->state == SPAR_SEQUENCE_LEARNING) {
        look.calls = sequence->before + sequence->calls;
        look.recent = sequence->calls < SPAR_SEQUENCE_HISTORY
                          ? sequence->calls
                          : SPAR_SEQUENCE_HISTORY;
        look.sizes = count_sizes(sequence->plain, look.recent);
        look.repeats = repeats(sequence);
    }
    return look;
}
