#include "exchange/machine.h"

#include <inttypes.h>
#include <stdio.h>

/* Whether a call without flags, or an eager one, fits the reservation. */
static bool fits(const spar_machine_t *machine,
                 const spar_exchange_call_t *call)
{
    const spar_exchange_size_t *room = &machine->room;

    return call->header.count > 0 && call->header.count <= room->count &&
           call->header.count <= UINT32_MAX &&
           call->header.dtype == room->dtype &&
           call->header.values == room->values &&
           (call->header.flags != 0 ||
            (call->selection->count <= room->entries &&
             (call->residual != NULL || !room->feedback) &&
             (call->target == NULL || room->targeted)));
}

void spar_exchange_shrink(spar_exchange_t *exchange)
{
    spar_machine_t *machine = (spar_machine_t *)exchange;

    if (!machine->busy && !machine->failed) {
        exchange->ops->shrink(exchange);
        exchange->memory = 0;
        machine->room = (spar_exchange_size_t){.count = 0};
    }
}

spar_status_t spar_exchange_start(spar_exchange_t *exchange,
                                  const spar_exchange_call_t *call)
{
    spar_machine_t *machine = (spar_machine_t *)exchange;

    if (machine->busy || machine->failed) {
        return SPAR_ERR_INVALID;
    }
    if ((call->header.flags == 0 || call->eager) && !fits(machine, call)) {
        snprintf(exchange->cause, sizeof(exchange->cause),
                 "layer %" PRIu32 ": there is no room for the call",
                 call->header.slot);
        return SPAR_ERR_INVALID;
    }
    exchange->call = *call;
    exchange->cause[0] = '\0';
    /* The whole layer, where the machine does not say otherwise. */
    exchange->call.header.first = 0;
    exchange->call.header.span =
        call->header.count <= UINT32_MAX ? (uint32_t)call->header.count : 0;
    exchange->call.header.selected = 0;
    exchange->call.header.payload_bytes = 0;
    exchange->flags = call->header.flags;
    exchange->agreed = false;
    exchange->dropped = false;
    exchange->bytes_sent = 0;
    exchange->entries_sent = 0;
    machine->committed = 0;
    machine->again = false;
    machine->finished = false;
    machine->busy = true;
    return exchange->ops->start(exchange);
}

void spar_exchange_settle(spar_exchange_t *exchange, bool apply)
{
    if (apply) {
        exchange->call.apply = true;
    } else {
        exchange->dropped = true;
    }
    exchange->moves++;
}
