#include "exchange/machine.h"

#include "exchange/transfers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

spar_status_t spar_machine_init_ways(spar_machine_t *machine,
                                     const spar_exchange_ops_t *ops,
                                     spar_transport_t *transport, int tag,
                                     int ways)
{
    size_t transfers = (size_t)transport->size * (size_t)ways;

    machine->ways = ways;
    machine->exchange.ops = ops;
    machine->exchange.transport = transport;
    machine->exchange.tag = tag;
    machine->sends = calloc(transfers, sizeof(machine->sends[0]));
    machine->receives = calloc(transfers, sizeof(machine->receives[0]));
    return machine->sends == NULL || machine->receives == NULL
               ? SPAR_ERR_NO_MEMORY
               : SPAR_OK;
}

spar_status_t spar_machine_init(spar_machine_t *machine,
                                const spar_exchange_ops_t *ops,
                                spar_transport_t *transport, int tag)
{
    return spar_machine_init_ways(machine, ops, transport, tag, 1);
}

static void cancel_all(spar_machine_t *machine)
{
    spar_transport_t *transport = machine->exchange.transport;
    size_t transfers = (size_t)transport->size * (size_t)machine->ways;

    spar_transfers_cancel(transport, machine->sends, transfers);
    spar_transfers_cancel(transport, machine->receives, transfers);
}

bool spar_machine_release(spar_machine_t *machine)
{
    if (machine->failed && !machine->exchange.transport->cancel_ends) {
        return false;
    }
    if (machine->sends != NULL && machine->receives != NULL) {
        cancel_all(machine);
    }
    free(machine->sends);
    free(machine->receives);
    spar_selection_cleanup(&machine->decoded);
    return true;
}

spar_status_t spar_machine_fail(spar_machine_t *machine, spar_status_t status,
                                int peer, const char *reason)
{
    spar_exchange_t *exchange = &machine->exchange;

    cancel_all(machine);
    machine->busy = false;
    machine->failed = true;
    snprintf(exchange->cause, sizeof(exchange->cause),
             "layer %" PRIu32 ", exchange %" PRIu32 ", rank %d: %s",
             exchange->call.header.slot, exchange->call.header.step, peer,
             reason);
    return status;
}

spar_status_t spar_machine_end(spar_machine_t *machine)
{
    machine->busy = false;
    return SPAR_OK;
}

static spar_transfer_t *transfer_of(const spar_machine_t *machine,
                                    spar_transfer_t *transfers, int way,
                                    int peer)
{
    return &transfers[way * machine->exchange.transport->size + peer];
}

spar_status_t spar_machine_send_by(spar_machine_t *machine, int way, int peer,
                                   int tag, const void *data, size_t bytes)
{
    spar_transport_t *transport = machine->exchange.transport;
    spar_status_t status =
        transport->ops->isend(transport, peer, tag, data, bytes,
                              transfer_of(machine, machine->sends, way, peer));

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, peer, "cannot start to send");
    }
    machine->exchange.bytes_sent += bytes;
    return SPAR_OK;
}

spar_status_t spar_machine_send(spar_machine_t *machine, int peer, int tag,
                                const void *data, size_t bytes)
{
    return spar_machine_send_by(machine, 0, peer, tag, data, bytes);
}

spar_status_t spar_machine_receive_by(spar_machine_t *machine, int way,
                                      int peer, int tag, void *data,
                                      size_t room)
{
    spar_transport_t *transport = machine->exchange.transport;
    spar_status_t status = transport->ops->irecv(
        transport, peer, tag, data, room,
        transfer_of(machine, machine->receives, way, peer));

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, peer,
                                 "cannot start to receive");
    }
    return SPAR_OK;
}

spar_status_t spar_machine_receive(spar_machine_t *machine, int peer, int tag,
                                   void *data, size_t room)
{
    return spar_machine_receive_by(machine, 0, peer, tag, data, room);
}

static spar_status_t test(spar_machine_t *machine, spar_transfer_t *transfer,
                          int peer, const char *reason)
{
    spar_transport_t *transport = machine->exchange.transport;
    spar_status_t status;

    if (transfer->handle == NULL) {
        return SPAR_OK;
    }
    status = transport->ops->test(transport, transfer);
    return status < 0 ? spar_machine_fail(machine, status, peer, reason)
                      : status;
}

spar_status_t spar_machine_sent_by(spar_machine_t *machine, int way, int peer)
{
    return test(machine, transfer_of(machine, machine->sends, way, peer), peer,
                "sending failed");
}

spar_status_t spar_machine_sent(spar_machine_t *machine, int peer)
{
    return spar_machine_sent_by(machine, 0, peer);
}

spar_status_t spar_machine_received_by(spar_machine_t *machine, int way,
                                       int peer)
{
    return test(machine, transfer_of(machine, machine->receives, way, peer),
                peer, "receiving failed");
}

spar_status_t spar_machine_received(spar_machine_t *machine, int peer)
{
    return spar_machine_received_by(machine, 0, peer);
}

static spar_status_t test_all(spar_machine_t *machine,
                              spar_status_t (*test_one)(spar_machine_t *, int))
{
    spar_status_t all = SPAR_OK;

    for (int peer = 0; peer < machine->exchange.transport->size; peer++) {
        spar_status_t status = test_one(machine, peer);

        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    return all;
}

spar_status_t spar_machine_all_sent(spar_machine_t *machine)
{
    return test_all(machine, spar_machine_sent);
}

spar_status_t spar_machine_all_received(spar_machine_t *machine)
{
    return test_all(machine, spar_machine_received);
}

bool spar_machine_may_apply(const spar_machine_t *machine)
{
    const spar_exchange_t *exchange = &machine->exchange;

    return exchange->agreed && exchange->flags == 0 && exchange->call.apply &&
           !exchange->dropped;
}
