#include "exchange/transfers.h"

spar_status_t spar_transfers_test(spar_transport_t *transport,
                                  spar_transfer_t *transfers, size_t count)
{
    spar_status_t all = SPAR_OK;

    for (size_t i = 0; i < count; i++) {
        spar_status_t status = SPAR_OK;

        if (transfers[i].handle != NULL) {
            status = transport->ops->test(transport, &transfers[i]);
        }
        if (status < 0) {
            return status;
        }
        if (status == SPAR_INPROGRESS) {
            all = SPAR_INPROGRESS;
        }
    }
    return all;
}

void spar_transfers_cancel(spar_transport_t *transport,
                           spar_transfer_t *transfers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (transfers[i].handle != NULL) {
            transport->ops->cancel(transport, &transfers[i]);
            transfers[i].handle = NULL;
        }
    }
}
