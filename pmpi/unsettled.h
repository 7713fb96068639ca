/*
 * Spar: calls that stayed dense because they never became a step that repeats,
 * as of a buffer that is refilled with changing tensors; for the report. Local.
 */
#ifndef SPAR_PMPI_UNSETTLED_H
#define SPAR_PMPI_UNSETTLED_H

#include "policy/sequence.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct spar_comm spar_comm_t;

typedef struct spar_unsettled {
    bool is; /* most calls were in no step, and there were enough to learn */
    uint64_t settled; /* calls that were, or wait */
    spar_sequence_look_t look;
} spar_unsettled_t;

/* Of a communicator that has its sequence, with `busy` held; otherwise it keeps
 * what was seen last. */
void spar_unsettled_look(spar_comm_t *comm);

/* One line for the report. */
void spar_unsettled_describe(const spar_comm_t *comm, char *line, size_t size);

#endif
