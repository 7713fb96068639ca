/* Spar: what happens next in a simulated network. Any number of events, taken
 * out in the order of their times, equal ones in the order of arrival. */
#ifndef SPAR_EXCHANGE_SIMULATED_EVENTS_H
#define SPAR_EXCHANGE_SIMULATED_EVENTS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct spar_event {
    double time; /* seconds */
    uint64_t order;
    int kind;      /* the owner's */
    void *subject; /* the owner's */
} spar_event_t;

/* A binary heap. Zero-initialised: empty. */
typedef struct spar_events {
    spar_event_t *events;
    size_t count, capacity;
    uint64_t added;
} spar_events_t;

/* SPAR_ERR_NO_MEMORY: it was not added. */
spar_status_t spar_events_add(spar_events_t *events, double time, int kind,
                              void *subject);
/* false: there is none. */
bool spar_events_take(spar_events_t *events, spar_event_t *event_p);
void spar_events_cleanup(spar_events_t *events);

#endif
