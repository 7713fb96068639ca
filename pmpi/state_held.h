/* Spar: what the process knows of saved residuals; for state*.c only. */
#ifndef SPAR_PMPI_STATE_HELD_H
#define SPAR_PMPI_STATE_HELD_H

#include "report/state_file.h"

#include <pthread.h>

typedef struct spar_state_held {
    /* Taken last; guards all but `file`, which stays as it is from MPI_Init
     * on. */
    pthread_mutex_t lock;
    FILE *file; /* of the run before; NULL: nothing can be restored */
    spar_state_file_t content;
    uint64_t run;      /* this job's number */
    uint64_t saves;    /* so far */
    uint64_t restored; /* bytes */
    uint64_t saved;    /* bytes, of the latest save */
    bool is_saved;     /* there was one */
    bool is_partial;   /* it is without a communicator that was not at rest */
} spar_state_held_t;

extern spar_state_held_t spar_state_held;

/* splitmix64's finaliser over a running hash. */
static inline uint64_t spar_state_mix(uint64_t hash, uint64_t value)
{
    uint64_t x = hash ^ (value + 0x9e3779b97f4a7c15u + (hash << 6));

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Reads what the communicator's layers owe into memory. NULL: done; otherwise
 * why not, static, and nothing was read. With the lock held. */
const char *spar_state_held_load(spar_state_file_comm_t *comm);
/* Frees what has been read and was not taken. */
void spar_state_held_unload(spar_state_file_comm_t *comm);

#endif
