/*
 * Spar: do all ranks have the library, and the same one? Runs inside MPI_Init,
 * where no application message can be under way from a rank that has it.
 */
#ifndef SPAR_PMPI_HANDSHAKE_H
#define SPAR_PMPI_HANDSHAKE_H

#include "policy/config.h"

/*
 * Collective over MPI_COMM_WORLD among the ranks with the library. Replaces
 * *config by rank 0's. A rank without the library, with another version or
 * with a bad setting (config_error not empty) ends the job: the ranks concerned
 * are named with the remedy, and MPI_Abort is called. Returns only on success.
 */
void spar_handshake(int rank, int size, spar_config_t *config,
                    const char *config_error);

#endif
