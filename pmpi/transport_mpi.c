#include "pmpi/transport_mpi.h"

#include <limits.h>

/* The request itself is kept in the transfer: Open MPI's is a pointer, MPICH's
 * a number. Neither is ever 0, which would be no transfer. */
_Static_assert(sizeof(MPI_Request) <= sizeof(void *),
               "an MPI_Request fits into a transfer");

static MPI_Comm shadow_of(const spar_transport_t *transport)
{
    return ((const spar_transport_mpi_t *)transport)->shadow;
}

typedef union slot {
    MPI_Request request;
    void *handle;
} slot_t;

static void store(spar_transfer_t *transfer_p, MPI_Request request)
{
    slot_t slot = {.handle = NULL};

    slot.request = request;
    transfer_p->handle = slot.handle;
}

static MPI_Request load(const spar_transfer_t *transfer)
{
    slot_t slot = {.handle = transfer->handle};

    return slot.request;
}

static spar_status_t mpi_isend(spar_transport_t *transport, int peer, int tag,
                               const void *data, size_t bytes,
                               spar_transfer_t *transfer_p)
{
    MPI_Request request;

    if (bytes > INT_MAX ||
        spar_real.Isend(data, (int)bytes, MPI_BYTE, peer, tag,
                        shadow_of(transport), &request) != MPI_SUCCESS) {
        return SPAR_ERR_TRANSPORT;
    }
    store(transfer_p, request);
    transfer_p->bytes = 0;
    return SPAR_OK;
}

static spar_status_t mpi_irecv(spar_transport_t *transport, int peer, int tag,
                               void *data, size_t bytes,
                               spar_transfer_t *transfer_p)
{
    MPI_Request request;

    if (bytes > INT_MAX ||
        spar_real.Irecv(data, (int)bytes, MPI_BYTE, peer, tag,
                        shadow_of(transport), &request) != MPI_SUCCESS) {
        return SPAR_ERR_TRANSPORT;
    }
    store(transfer_p, request);
    transfer_p->bytes = bytes; /* a receive; until it is done, its room */
    return SPAR_OK;
}

static spar_status_t mpi_test(spar_transport_t *transport,
                              spar_transfer_t *transfer)
{
    MPI_Request request = load(transfer);
    MPI_Status status;
    int done = 0, received = 0;
    int code = spar_real.Test(&request, &done, &status);

    (void)transport;
    if (code == MPI_SUCCESS && !done) {
        return SPAR_INPROGRESS;
    }
    /* A request that ended with an error is gone as well. */
    transfer->handle = NULL;
    if (code == MPI_SUCCESS && transfer->bytes > 0) {
        code = spar_real.Get_count(&status, MPI_BYTE, &received);
        if (received < 0) {
            return SPAR_ERR_TRANSPORT;
        }
        transfer->bytes = (size_t)received;
    }
    return code == MPI_SUCCESS ? SPAR_OK : SPAR_ERR_TRANSPORT;
}

static void mpi_cancel(spar_transport_t *transport, spar_transfer_t *transfer)
{
    MPI_Request request = load(transfer);

    /* Neither a send nor a receive that has begun can be canceled: the buffer
     * stays with the exchange, which does not run again. */
    (void)transport;
    (void)spar_real.Cancel(&request);
    (void)spar_real.Request_free(&request);
    transfer->handle = NULL;
}

static const spar_transport_ops_t mpi_ops = {mpi_isend, mpi_irecv, mpi_test,
                                             mpi_cancel};

void spar_transport_mpi_init(spar_transport_mpi_t *transport, MPI_Comm shadow,
                             int rank, int size)
{
    transport->transport.ops = &mpi_ops;
    transport->transport.rank = rank;
    transport->transport.size = size;
    transport->transport.cancel_ends = false;
    transport->shadow = shadow;
}
