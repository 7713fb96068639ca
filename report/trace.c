#include "report/trace.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Threads beyond these share the last number. */
#define MOST_THREADS 256

static _Thread_local bool is_known;
static _Thread_local uint16_t own_number;
static atomic_uint threads;
static _Atomic(const char *) names[MOST_THREADS];

spar_status_t spar_trace_create(size_t capacity, spar_trace_t *trace_p)
{
    spar_trace_event_t *events = calloc(capacity, sizeof(*events));

    if (events == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    trace_p->events = events;
    trace_p->capacity = capacity;
    atomic_store(&trace_p->taken, 0);
    return SPAR_OK;
}

void spar_trace_destroy(spar_trace_t *trace)
{
    free(trace->events);
    trace->events = NULL;
    trace->capacity = 0;
}

void spar_trace_record(spar_trace_t *trace, const spar_trace_event_t *event)
{
    size_t index =
        atomic_fetch_add_explicit(&trace->taken, 1, memory_order_relaxed);
    spar_trace_event_t *place;
    const size_t behind = offsetof(spar_trace_event_t, origin);

    if (index >= trace->capacity) {
        return;
    }
    place = &trace->events[index];
    memcpy((char *)place + behind, (const char *)event + behind,
           sizeof(*place) - behind);
    atomic_store_explicit(
        &place->kind, atomic_load_explicit(&event->kind, memory_order_relaxed),
        memory_order_release);
}

size_t spar_trace_dropped(const spar_trace_t *trace)
{
    size_t taken = atomic_load(&trace->taken);

    return taken > trace->capacity ? taken - trace->capacity : 0;
}

uint16_t spar_trace_thread(void)
{
    if (!is_known) {
        unsigned number = atomic_fetch_add(&threads, 1);

        own_number =
            (uint16_t)(number < MOST_THREADS ? number : MOST_THREADS - 1);
        is_known = true;
    }
    return own_number;
}

void spar_trace_name_thread(const char *name)
{
    atomic_store(&names[spar_trace_thread()], name);
}

const char *spar_trace_thread_name(uint16_t thread)
{
    const char *name;

    if (thread >= MOST_THREADS || thread >= atomic_load(&threads)) {
        return NULL;
    }
    name = atomic_load(&names[thread]);
    return name != NULL ? name : "application";
}
