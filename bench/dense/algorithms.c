#include "bench/dense/algorithms.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define RING (ALGORITHMS - 1)
#define TAG  1

static const char *const names[ALGORITHMS] = {
    "default", "linear",         "nonoverlapping", "doubling",
    "ring",    "segmented_ring", "rabenseifner",   "spar_ring"};

void algorithms_prepare(void)
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

static void open_comms(algorithms_t *algorithms)
{
    int provided;
    bool tools = MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) == MPI_SUCCESS;

    for (int i = 0; i < ALGORITHMS; i++) {
        algorithms->comms[i] = MPI_COMM_NULL;
        /* The ring's own communicator is any. */
        if ((tools && force(i % OPENMPI_ALGORITHMS)) || i == 0 || i == RING) {
            MPI_Comm_dup(MPI_COMM_WORLD, &algorithms->comms[i]);
        }
    }
    if (tools) {
        force(0);
        MPI_T_finalize();
    }
}

void algorithms_open(algorithms_t *algorithms, uint64_t count)
{
    int rank, size;

    open_comms(algorithms);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    spar_transport_mpi_init(&algorithms->transport, algorithms->comms[RING],
                            rank, size);
    if (spar_ring_create(&algorithms->transport.transport, TAG,
                         &algorithms->ring) != SPAR_OK ||
        spar_ring_reserve(algorithms->ring, SPAR_DTYPE_F32, count) != SPAR_OK) {
        fputs("bench_dense: out of memory\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void algorithms_close(algorithms_t *algorithms)
{
    spar_ring_destroy(algorithms->ring);
    for (int i = 0; i < ALGORITHMS; i++) {
        if (algorithms->comms[i] != MPI_COMM_NULL) {
            MPI_Comm_free(&algorithms->comms[i]);
        }
    }
}

const char *algorithms_name(int algorithm)
{
    return names[algorithm];
}

bool algorithms_has(const algorithms_t *algorithms, int algorithm)
{
    return algorithms->comms[algorithm] != MPI_COMM_NULL;
}

static void run_ring(spar_ring_t *ring, float *data, int count)
{
    spar_status_t status =
        spar_ring_start(ring, SPAR_DTYPE_F32, (uint64_t)count, data);

    if (status == SPAR_OK) {
        uint64_t moves = spar_ring_moves(ring);

        while ((status = spar_ring_progress(ring)) == SPAR_INPROGRESS) {
            if (spar_ring_moves(ring) == moves) {
                sched_yield(); /* ranks may share a core */
            }
            moves = spar_ring_moves(ring);
        }
    }
    if (status != SPAR_OK) {
        fprintf(stderr, "bench_dense: %s\n", spar_status_string(status));
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

void algorithms_run(algorithms_t *algorithms, int algorithm, float *data,
                    int count)
{
    if (algorithm == RING) {
        run_ring(algorithms->ring, data, count);
    } else {
        MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM,
                      algorithms->comms[algorithm]);
    }
}
