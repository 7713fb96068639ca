/*
 * Spar: the calls of one communicator between the application's thread and
 * whoever advances them. Thread-safe, and never blocks for long: the locks of
 * selection and exchange are others.
 */
#ifndef SPAR_PMPI_QUEUE_H
#define SPAR_PMPI_QUEUE_H

#include "pmpi/comm.h"

/* A call with a request or a note; freed by the engine. Ends the job when there
 * is no memory: the other ranks would wait for this one. */
spar_op_t *spar_queue_new(spar_comm_t *comm, spar_op_kind_t kind);

/* The application posts a call. The order of posts is the order of calls. */
void spar_queue_post(spar_op_t *op);

/* The same for a start of a persistent call, which has no place in the order.
 */
void spar_queue_post_start(spar_op_t *op);
/* Takes one such start out; NULL: none. */
spar_op_t *spar_queue_take_start(spar_comm_t *comm);

/* The call to be started next; NULL: none. Stays in the queue. */
spar_op_t *spar_queue_first(spar_comm_t *comm);
/* Takes that call out. */
void spar_queue_pop(spar_comm_t *comm);

/* The application has completed the call; its request is gone. */
void spar_queue_return(spar_op_t *op);
/* Takes one such call out, to be measured and freed by the caller; NULL:
 * none. */
spar_op_t *spar_queue_take_returned(spar_comm_t *comm);
void spar_queue_free(spar_op_t *op);

/* A persistent request refers to the state, too. */
void spar_queue_hold(spar_comm_t *comm);
void spar_queue_release(spar_comm_t *comm);

/* Calls that the application has not completed yet, and persistent requests. */
size_t spar_queue_living(spar_comm_t *comm);

#endif
