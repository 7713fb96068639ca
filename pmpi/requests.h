/*
 * Spar: the generalized requests of taken-over calls. MPI completes them like
 * any other request; that the wrappers of the completion calls know them
 * (pmpi/complete.c) makes it faster, and brings errors to the right handler.
 * Thread-safe.
 */
#ifndef SPAR_PMPI_REQUESTS_H
#define SPAR_PMPI_REQUESTS_H

#include "pmpi/op.h"

#include <stdbool.h>

/* Requests that are not completed yet, and persistent ones. */
extern atomic_uint spar_requests_live;

/* Gives the call a request, op->request. Returns MPI's code. */
int spar_requests_open(spar_op_t *op);

/* NULL: not ours. Valid until the application completes the request. */
spar_op_t *spar_requests_find(MPI_Request request);

/*
 * Around the completion of requests by a thread: how long it was blocked for
 * each, and errors, which belong to the error handler of the request's
 * communicator. `code` is what MPI's own function returned.
 */
void spar_requests_begin(void);
int spar_requests_end(int code);

#endif
