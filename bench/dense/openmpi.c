#include "bench/dense/openmpi.h"

#include <stdbool.h>
#include <stdlib.h>

static const char *const names[OPENMPI_ALGORITHMS] = {
    "default", "linear",         "nonoverlapping", "doubling",
    "ring",    "segmented_ring", "rabenseifner"};

void openmpi_prepare(void)
{
    setenv("OMPI_MCA_coll_tuned_use_dynamic_rules", "1", 1);
}

/* Sets the algorithm of communicators that are made from now on. */
static bool force(int algorithm)
{
    MPI_T_cvar_handle handle;
    int index, count;
    bool done;

    if (MPI_T_cvar_get_index("coll_tuned_allreduce_algorithm", &index) !=
            MPI_SUCCESS ||
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) != MPI_SUCCESS) {
        return false;
    }
    done = MPI_T_cvar_write(handle, &algorithm) == MPI_SUCCESS;
    MPI_T_cvar_handle_free(&handle);
    return done;
}

void openmpi_open(MPI_Comm comms[OPENMPI_ALGORITHMS])
{
    int provided;
    bool tools = MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) == MPI_SUCCESS;

    for (int i = 0; i < OPENMPI_ALGORITHMS; i++) {
        comms[i] = MPI_COMM_NULL;
        if ((tools && force(i)) || i == 0) {
            MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
        }
    }
    if (tools) {
        force(0);
        MPI_T_finalize();
    }
}

void openmpi_close(MPI_Comm comms[OPENMPI_ALGORITHMS])
{
    for (int i = 0; i < OPENMPI_ALGORITHMS; i++) {
        if (comms[i] != MPI_COMM_NULL) {
            MPI_Comm_free(&comms[i]);
        }
    }
}

const char *openmpi_name(int algorithm)
{
    return names[algorithm];
}
