/*
 * Spar: what the trace (report/trace.h) is told of calls and plans. Without
 * SPAR_TRACE each of these is one branch. All but the first four are called
 * with the communicator's `busy` held, unless another thread is named.
 */
#ifndef SPAR_PMPI_TRACING_H
#define SPAR_PMPI_TRACING_H

#include "pmpi/op.h"

#include <stdbool.h>

/* Of one communicator, guarded by its `busy`. */
typedef struct spar_tracing_comm {
    double step_begin; /* 0: none yet */
    uint64_t bytes_before;
    double exposed;         /* seconds, since the step began */
    uint64_t plan_print;    /* of the plan that was told last */
    uint32_t plan_version;  /* of that */
    double agreement_begin; /* seconds */
} spar_tracing_comm_t;

/* This process records; set once, in MPI_Init. */
extern bool spar_tracing_on;

/* Collective over MPI_COMM_WORLD, in MPI_Init, with the agreed settings. Where
 * no file can be made, the first rank that cannot says so. */
void spar_tracing_start(void);
/* Writes what has been recorded until now; an error line if that fails. */
void spar_tracing_write(void);
/* Frees the buffer, with nobody recording any more. */
void spar_tracing_stop(void);
/* The calling thread is the helper. */
void spar_tracing_name_helper(void);

void spar_tracing_note_launch(spar_op_t *op);
void spar_tracing_note_selection(const spar_op_t *op, double begin);
void spar_tracing_note_wait(const spar_op_t *op);
void spar_tracing_note_end(const spar_op_t *op, double cost);
void spar_tracing_note_place(spar_op_t *op);
void spar_tracing_note_agreement(struct spar_comm *comm, const char *what);

/* The exchange of the call begins, perhaps once more. */
static inline void spar_tracing_launch(spar_op_t *op)
{
    if (spar_tracing_on) {
        spar_tracing_note_launch(op);
    }
}

/* This thread has selected entries of the call, since `begin`. */
static inline void spar_tracing_selection(const spar_op_t *op, double begin)
{
    if (spar_tracing_on) {
        spar_tracing_note_selection(op, begin);
    }
}

/* The application's calling thread was blocked for the call, which is
 * complete, for the last op->waited seconds of it. */
static inline void spar_tracing_wait(const spar_op_t *op)
{
    if (spar_tracing_on) {
        spar_tracing_note_wait(op);
    }
}

/* The application is through with the call: it cost it so many seconds. */
static inline void spar_tracing_end(const spar_op_t *op, double cost)
{
    if (spar_tracing_on) {
        spar_tracing_note_end(op, cost);
    }
}

/* Which layer it is, is known, and so is the plan of its step. */
static inline void spar_tracing_place(spar_op_t *op)
{
    if (spar_tracing_on) {
        spar_tracing_note_place(op);
    }
}

/* The ranks begin to agree on something (NULL), or have agreed on it. */
static inline void spar_tracing_agreement(struct spar_comm *comm,
                                          const char *what)
{
    if (spar_tracing_on) {
        spar_tracing_note_agreement(comm, what);
    }
}

#endif
