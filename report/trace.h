/*
 * Spar: what happened on this rank and when, for a picture of single steps.
 * Events go into a buffer of fixed size and are written as Chrome's trace JSON
 * (Trace Event Format), which Perfetto and chrome://tracing show.
 *
 * All times are seconds of this process' monotonic clock (base/clock.h). All
 * strings of events are borrowed and have to stay valid.
 */
#ifndef SPAR_REPORT_TRACE_H
#define SPAR_REPORT_TRACE_H

#include "base/status.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Events of a process: 40 MB, of which only what is filled is ever touched. A
 * step of ResNet-50 has about 500. */
#define SPAR_TRACE_EVENTS ((size_t)512 * 1024)

typedef enum spar_trace_kind {
    SPAR_TRACE_NOTHING,   /* is being recorded */
    SPAR_TRACE_CALL,      /* from the call to its completion */
    SPAR_TRACE_SELECTION, /* of entries, by one thread */
    SPAR_TRACE_WAIT,      /* one thread of the application is blocked */
    SPAR_TRACE_STEP,      /* a step begins */
    SPAR_TRACE_PLAN,      /* what is done with the layers, from a step on */
    SPAR_TRACE_LAYERS,    /* of it, those with one method for one reason */
    SPAR_TRACE_AGREEMENT  /* the ranks agree on a plan or on a review */
} spar_trace_kind_t;

typedef enum spar_trace_origin {
    SPAR_TRACE_OUTSIDE, /* no call of a known step */
    SPAR_TRACE_SLOT,    /* of a step */
    SPAR_TRACE_STANDING /* a persistent call: its number */
} spar_trace_origin_t;

/* Which members hold something depends on the kind. */
typedef struct spar_trace_event {
    _Atomic uint8_t kind; /* spar_trace_kind_t; written last */
    uint8_t origin;       /* spar_trace_origin_t */
    uint16_t thread;      /* spar_trace_thread() */
    int32_t comm;         /* number of the communicator */
    uint32_t number;      /* slot, or number of the persistent call */
    uint32_t plan;        /* version */
    int64_t step;         /* from 0; -1: before the first one, or none */
    double begin;         /* of plans and steps: when they begin */
    double end;
    uint64_t count;   /* elements; layers of a plan */
    const char *text; /* method; what is agreed on */
    union {
        struct {
            double launched; /* its exchange began; 0: it did not */
            uint64_t bytes;  /* sent by this rank */
            double density;  /* 1: dense */
        } call;
        struct {
            double before;  /* the step before began; 0: there was none */
            uint64_t bytes; /* sent by this rank in the step before */
            double exposed; /* seconds that it was blocked for its calls */
        } step_before;
        struct {
            const char *why;
            float least; /* density */
            float most;
            uint64_t sparse; /* layers */
        } plan_part;
    };
} spar_trace_event_t;

typedef struct spar_trace {
    spar_trace_event_t *events;
    size_t capacity;
    atomic_size_t taken; /* more than the capacity: the others were dropped */
} spar_trace_t;

/* What the file says of its process. */
typedef struct spar_trace_process {
    int rank;
    int ranks;
    const char *host;
    double origin; /* seconds of this clock at which time zero is */
    double offset; /* seconds that rank 0's clock is ahead of this one */
    double error;  /* seconds, at most, of the offset */
} spar_trace_process_t;

/* SPAR_ERR_NO_MEMORY. */
spar_status_t spar_trace_create(size_t capacity, spar_trace_t *trace_p);
/* With nobody recording any more. */
void spar_trace_destroy(spar_trace_t *trace);

/* Copies the event, which has a kind, unless the buffer is full. Thread-safe,
 * waits for nobody. */
void spar_trace_record(spar_trace_t *trace, const spar_trace_event_t *event);

/* Events that found no room. */
size_t spar_trace_dropped(const spar_trace_t *trace);

/* A small number of the calling thread, the same in all its events. The first
 * one is called "application", others by their names if they gave them. */
uint16_t spar_trace_thread(void);
/* Names the calling thread; the string is borrowed. */
void spar_trace_name_thread(const char *name);
/* NULL: there is no such thread. */
const char *spar_trace_thread_name(uint16_t thread);

/* Makes the directory if it is not there. SPAR_ERR_IO: no files can be made in
 * it, errno tells why. */
spar_status_t spar_trace_prepare(const char *directory);

/* Writes what has been recorded so far to DIRECTORY/spar.rankN.json, beside its
 * place first. SPAR_ERR_IO: errno tells why. Thread-safe towards those who
 * record; one writer at a time. */
spar_status_t spar_trace_write(const spar_trace_t *trace,
                               const spar_trace_process_t *process,
                               const char *directory);

#endif
