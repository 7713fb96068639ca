/* Spar: whether the node has a core to spare for the helper thread, from the
 * bindings of all its ranks. */
#ifndef SPAR_PMPI_SPARE_H
#define SPAR_PMPI_SPARE_H

#include "policy/placement.h"

#include <mpi.h>

typedef struct spar_spare {
    spar_placement_t *machine; /* NULL: hwloc failed */
    spar_placement_choice_t choice;
} spar_spare_t;

/* Collective over `node`, the ranks of this node. */
void spar_spare_find(MPI_Comm node, spar_spare_t *spare_p);

bool spar_spare_is_there(const spar_spare_t *spare);
/* One line for the report. */
const char *spar_spare_why(const spar_spare_t *spare);

/* Binds the calling thread to the core, if one was chosen. */
void spar_spare_bind(const spar_spare_t *spare);
void spar_spare_close(spar_spare_t *spare);

#endif
