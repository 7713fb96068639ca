#include "pmpi/agree.h"

#include "base/clock.h"
#include "base/log.h"

static void must(int code)
{
    if (code != MPI_SUCCESS) {
        spar_error("an agreement on the shadow communicator failed");
        spar_real.Abort(MPI_COMM_WORLD, 1);
    }
}

void spar_agree_min(spar_comm_t *comm, double *values, size_t count)
{
    must(spar_real.Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE,
                              MPI_MIN, comm->shadow,
                              &comm->negotiation->request));
}

void spar_agree_root(spar_comm_t *comm, void *bytes, size_t size)
{
    must(spar_real.Ibcast(bytes, (int)size, MPI_BYTE, 0, comm->shadow,
                          &comm->negotiation->request));
}

bool spar_agree_is_done(spar_comm_t *comm)
{
    int done = 0;

    must(spar_real.Test(&comm->negotiation->request, &done, MPI_STATUS_IGNORE));
    if (!done) {
        comm->negotiation->looked_at = spar_clock_now();
    }
    return done;
}
