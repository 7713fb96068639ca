/*
 * Completes the requests of an array in one of MPI's ways and checks what MPI
 * promises on the way: flags, indices, statuses and handles.
 */
#ifndef TESTS_MPI_COMPLETION_H
#define TESTS_MPI_COMPLETION_H

#include <mpi.h>
#include <stdbool.h>

typedef enum completion_way {
    COMPLETION_WAIT,
    COMPLETION_WAIT_REVERSE,
    COMPLETION_WAITALL,
    COMPLETION_WAITANY,
    COMPLETION_WAITSOME,
    COMPLETION_TEST,
    COMPLETION_TESTALL,
    COMPLETION_TESTANY,
    COMPLETION_TESTSOME,
    COMPLETION_GET_STATUS,
    COMPLETION_WAYS
} completion_way_t;

/* What is expected of one request */
typedef struct completion_entry {
    bool active;     /* neither MPI_REQUEST_NULL nor inactive */
    bool persistent; /* the handle stays valid */
    bool message;    /* the status tells the next three */
    int source, tag, bytes;
} completion_entry_t;

/* The names are wait, wait-reverse, waitall and so on; false: no such way. */
bool completion_parse(const char *name, completion_way_t *way_p);

/*
 * Completes all n requests; no entry is active afterwards. Without statuses,
 * MPI_STATUS_IGNORE and MPI_STATUSES_IGNORE are passed. Returns how many
 * promises were broken; each is printed to stderr. Then some requests may still
 * be in flight, and the job had better end.
 */
int completion_run(completion_way_t way, int n, MPI_Request *requests,
                   completion_entry_t *entries, bool with_statuses);

#endif
