/*
 * Spar: Horovod gathers tensors in a buffer, in another composition in each
 * step, which no two calls share. Without that buffer each tensor is summed by
 * a call of its own. Horovod reads what it is to do from the environment after
 * MPI was initialised, in the same process.
 */
#ifndef SPAR_PMPI_HOROVOD_H
#define SPAR_PMPI_HOROVOD_H

/* In MPI_Init, collective over MPI_COMM_WORLD, when the settings are agreed:
 * switches the buffer off, unless the user has set its size on any rank or
 * nothing is to be exchanged sparsely. All ranks do the same. */
void spar_horovod_unfuse(void);

/* Looks for Horovod's library in the process once more, for the note. */
void spar_horovod_look(void);

/* Static line for the report; NULL: Horovod was not seen, or was left alone. */
const char *spar_horovod_note(void);

#endif
