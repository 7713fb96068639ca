/* Spar: which calls may be gradients at all, from their arguments alone. */
#ifndef SPAR_PMPI_GATE_H
#define SPAR_PMPI_GATE_H

#include "base/dtype.h"

#include <mpi.h>
#include <stdbool.h>

/* Reads the sizes of the handles once, after MPI_Init. */
void spar_gate_init(void);

/*
 * Whether `datatype` is one of MPI's handles for 4- or 8-byte IEEE floats;
 * Fortran has its own (MPI_REAL is not MPI_FLOAT).
 */
bool spar_gate_dtype(MPI_Datatype datatype, spar_dtype_t *dtype_p);

#endif
