/* Spar: a set of transfers that are driven together. */
#ifndef SPAR_EXCHANGE_TRANSFERS_H
#define SPAR_EXCHANGE_TRANSFERS_H

#include "exchange/transport.h"

/* Tests each transfer that is under way. SPAR_OK: none is left. */
spar_status_t spar_transfers_test(spar_transport_t *transport,
                                  spar_transfer_t *transfers, size_t count);

/* Cancels each transfer that is under way. */
void spar_transfers_cancel(spar_transport_t *transport,
                           spar_transfer_t *transfers, size_t count);

#endif
