#include "exchange/agreement.h"

#include "exchange/block.h"

void spar_agreement_start(spar_agreement_t *agreement)
{
    agreement->distance = 1;
    agreement->posted = false;
}

static int peer_at(const spar_machine_t *machine, int distance)
{
    const spar_transport_t *transport = machine->exchange.transport;

    return (transport->rank + distance + transport->size) % transport->size;
}

static spar_status_t post(spar_agreement_t *agreement, spar_machine_t *machine)
{
    const spar_exchange_t *exchange = &machine->exchange;
    spar_wire_header_t header = exchange->call.header;
    spar_status_t status = spar_machine_receive(
        machine, peer_at(machine, -agreement->distance), exchange->tag,
        agreement->in, sizeof(agreement->in));

    if (status != SPAR_OK) {
        return status;
    }
    header.flags = exchange->flags;
    spar_wire_header_pack(&header, agreement->out);
    agreement->posted = true;
    return spar_machine_send(machine, peer_at(machine, agreement->distance),
                             exchange->tag, agreement->out,
                             sizeof(agreement->out));
}

static spar_status_t read(spar_agreement_t *agreement, spar_machine_t *machine)
{
    spar_exchange_t *exchange = &machine->exchange;
    int from = peer_at(machine, -agreement->distance);
    spar_wire_header_t header;
    const char *cause = NULL;
    spar_status_t status =
        spar_block_read(agreement->in, machine->receives[from].bytes,
                        &exchange->call.header, &header, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, from, cause);
    }
    exchange->flags |= header.flags;
    exchange->moves++;
    agreement->distance *= 2;
    agreement->posted = false;
    return SPAR_OK;
}

spar_status_t spar_agreement_progress(spar_agreement_t *agreement,
                                      spar_machine_t *machine)
{
    spar_exchange_t *exchange = &machine->exchange;

    while (agreement->distance < exchange->transport->size) {
        spar_status_t status = SPAR_OK;

        if (!agreement->posted) {
            status = post(agreement, machine);
        }
        if (status == SPAR_OK) {
            status = spar_machine_received(
                machine, peer_at(machine, -agreement->distance));
        }
        if (status == SPAR_OK) {
            status = spar_machine_sent(machine,
                                       peer_at(machine, agreement->distance));
        }
        if (status == SPAR_OK) {
            status = read(agreement, machine);
        }
        if (status != SPAR_OK) {
            return status;
        }
    }
    exchange->agreed = true;
    return SPAR_OK;
}
