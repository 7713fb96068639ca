#include "pmpi/agree.h"

#include "base/clock.h"
#include "base/log.h"

static atomic_uint under_way;

bool spar_agree_is_under_way(void)
{
    return atomic_load_explicit(&under_way, memory_order_relaxed) > 0;
}

static void must(int code)
{
    if (code != MPI_SUCCESS) {
        spar_error("an agreement on the shadow communicator failed");
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
}

static void reduce(spar_comm_t *comm, double *values, size_t count, MPI_Op op)
{
    must(spar_real.Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE, op,
                              comm->shadow, &comm->negotiation->request));
    atomic_fetch_add(&under_way, 1);
}

void spar_agree_min(spar_comm_t *comm, double *values, size_t count)
{
    reduce(comm, values, count, MPI_MIN);
}

void spar_agree_sum(spar_comm_t *comm, double *values, size_t count)
{
    reduce(comm, values, count, MPI_SUM);
}

void spar_agree_root(spar_comm_t *comm, void *bytes, size_t size)
{
    must(spar_real.Ibcast(bytes, (int)size, MPI_BYTE, 0, comm->shadow,
                          &comm->negotiation->request));
    atomic_fetch_add(&under_way, 1);
}

bool spar_agree_is_done(spar_comm_t *comm)
{
    int done = 0;

    must(spar_real.Test(&comm->negotiation->request, &done, MPI_STATUS_IGNORE));
    if (done) {
        comm->negotiation->agreements++;
        atomic_fetch_sub(&under_way, 1);
    } else {
        comm->negotiation->looked_at = spar_clock_now();
    }
    return done;
}

uint64_t spar_agree_count(const spar_comm_t *comm)
{
    return comm->negotiation->agreements;
}
