/*
 * Requests of the application's own, to be completed together with others: a
 * receive and a send between neighbours, a generalized request that is
 * complete already, and MPI_REQUEST_NULL.
 */
#ifndef TESTS_MPI_TRAFFIC_H
#define TESTS_MPI_TRAFFIC_H

#include "completion.h"

#define TRAFFIC_REQUESTS 4
#define TRAFFIC_WORDS    300

typedef struct traffic {
    MPI_Comm comm;
    int tag;
    bool persistent;
    int step;
    int out[TRAFFIC_WORDS], in[TRAFFIC_WORDS];
    int queries, frees;
} traffic_t;

/* Makes the send and the receive persistent; traffic_post starts them. */
void traffic_init(traffic_t *t, MPI_Request requests[TRAFFIC_REQUESTS]);

/* Posts what step is to carry; comm and tag must be set. */
void traffic_post(traffic_t *t, int step,
                  MPI_Request requests[TRAFFIC_REQUESTS],
                  completion_entry_t entries[TRAFFIC_REQUESTS]);

/* After completion: has all arrived, was the generalized request freed? */
bool traffic_arrived(const traffic_t *t);

/* Frees the persistent requests. */
void traffic_free(traffic_t *t, MPI_Request requests[TRAFFIC_REQUESTS]);

#endif
