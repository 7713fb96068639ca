#include "pmpi/agree.h"

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
    must(spar_real.Allreduce(MPI_IN_PLACE, values, (int)count, MPI_DOUBLE,
                             MPI_MIN, comm->shadow));
}

void spar_agree_root(spar_comm_t *comm, void *bytes, size_t size)
{
    must(spar_real.Bcast(bytes, (int)size, MPI_BYTE, 0, comm->shadow));
}
