#include "exchange/simulated_events.h"

#include <stdlib.h>

static bool is_before(const spar_event_t *one, const spar_event_t *other)
{
    return one->time < other->time ||
           (one->time == other->time && one->order < other->order);
}

spar_status_t spar_events_add(spar_events_t *events, double time, int kind,
                              void *subject)
{
    spar_event_t event = {time, events->added, kind, subject};
    size_t place = events->count;

    if (events->count == events->capacity) {
        size_t capacity = events->capacity > 0 ? 2 * events->capacity : 64;
        spar_event_t *grown =
            realloc(events->events, capacity * sizeof(*grown));

        if (grown == NULL) {
            return SPAR_ERR_NO_MEMORY;
        }
        events->events = grown;
        events->capacity = capacity;
    }
    while (place > 0 && is_before(&event, &events->events[(place - 1) / 2])) {
        events->events[place] = events->events[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    events->events[place] = event;
    events->count++;
    events->added++;
    return SPAR_OK;
}

bool spar_events_take(spar_events_t *events, spar_event_t *event_p)
{
    size_t place = 0;
    size_t child = 1;
    spar_event_t last;

    if (events->count == 0) {
        return false;
    }
    *event_p = events->events[0];
    last = events->events[--events->count];
    for (; child < events->count; child = 2 * place + 1) {
        if (child + 1 < events->count &&
            is_before(&events->events[child + 1], &events->events[child])) {
            child++;
        }
        if (!is_before(&events->events[child], &last)) {
            break;
        }
        events->events[place] = events->events[child];
        place = child;
    }
    events->events[place] = last;
    return true;
}

void spar_events_cleanup(spar_events_t *events)
{
    free(events->events);
    *events = (spar_events_t){.count = 0};
}
