#include "exchange/allgather.h"

#include "exchange/apply.h"
#include "exchange/block.h"

#include <stdlib.h>
#include <string.h>

typedef enum phase {
    PHASE_HEADERS, /* headers travel; in eager calls, entries with them */
    PHASE_ENTRIES  /* entries travel, behind their header again; the residual is
                      committed meanwhile */
} phase_t;

typedef struct peer {
    /* Where headers travel that come alone: there without a reservation. */
    unsigned char alone[SPAR_WIRE_HEADER_BYTES];
    spar_wire_header_t header;
    bool known; /* the header is read */
} peer_t;

typedef struct allgather {
    spar_machine_t machine;
    phase_t phase;
    peer_t *peers;        /* one per rank */
    spar_blocks_t blocks; /* one per rank, the own one at its rank */
    int added;            /* ranks whose block is in `out` */
} allgather_t;

static void shrink(spar_exchange_t *exchange)
{
    allgather_t *allgather = (allgather_t *)exchange;

    spar_blocks_cleanup(&allgather->blocks);
    spar_apply_shrink(&allgather->machine);
}

static void destroy(spar_exchange_t *exchange)
{
    allgather_t *allgather = (allgather_t *)exchange;

    if (spar_machine_release(&allgather->machine)) {
        shrink(exchange);
        free(allgather->peers);
        free(allgather);
    }
}

static spar_status_t reserve(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size)
{
    allgather_t *allgather = (allgather_t *)exchange;
    spar_machine_t *machine = &allgather->machine;
    spar_status_t status = spar_blocks_reserve(
        &allgather->blocks, (size_t)exchange->transport->size,
        spar_wire_payload_bound(size->values, size->count, size->entries));

    machine->room = (spar_exchange_size_t){.count = 0};
    if (status == SPAR_OK) {
        status = spar_apply_reserve(machine, size, size->entries);
    }
    exchange->memory = allgather->blocks.capacity + spar_apply_memory(machine);
    return status;
}

static unsigned char *block_of(const allgather_t *allgather, int rank)
{
    return spar_blocks_at(&allgather->blocks, (size_t)rank);
}

/* Where a rank's header travels. */
static unsigned char *header_of(const allgather_t *allgather, int rank)
{
    return allgather->machine.exchange.call.eager
               ? block_of(allgather, rank)
               : allgather->peers[rank].alone;
}

/* Exchanges messages with one peer in the present phase. */
static spar_status_t post_pair(allgather_t *allgather, int from, int to)
{
    spar_machine_t *machine = &allgather->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    bool eager = exchange->call.eager;
    bool entries = allgather->phase == PHASE_ENTRIES;
    uint64_t mine = exchange->call.header.payload_bytes;
    uint64_t theirs = allgather->peers[from].header.payload_bytes;
    int me = exchange->transport->rank;
    int tag = exchange->tag + (entries ? 1 : 0);
    spar_status_t status = SPAR_OK;

    if (!entries) {
        status = spar_machine_receive(
            machine, from, tag, header_of(allgather, from),
            eager ? allgather->blocks.each : SPAR_WIRE_HEADER_BYTES);
        if (status == SPAR_OK) {
            status =
                spar_machine_send(machine, to, tag, header_of(allgather, me),
                                  SPAR_WIRE_HEADER_BYTES + (eager ? mine : 0));
        }
        return status;
    }
    if (theirs > 0) {
        status =
            spar_machine_receive(machine, from, tag, block_of(allgather, from),
                                 SPAR_WIRE_HEADER_BYTES + theirs);
    }
    if (status == SPAR_OK && mine > 0) {
        status = spar_machine_send(machine, to, tag, block_of(allgather, me),
                                   SPAR_WIRE_HEADER_BYTES + mine);
    }
    return status;
}

/* Nearest ranks first, so that not all ranks send to the same one at once. */
static spar_status_t post(allgather_t *allgather)
{
    const spar_transport_t *transport = allgather->machine.exchange.transport;
    spar_status_t status = SPAR_OK;

    for (int distance = 1; status == SPAR_OK && distance < transport->size;
         distance++) {
        int to = (transport->rank + distance) % transport->size;
        int from =
            (transport->rank - distance + transport->size) % transport->size;

        status = post_pair(allgather, from, to);
    }
    return status;
}

/* This rank's entries, unless somebody else has encoded them. */
static spar_status_t encode(allgather_t *allgather, int rank)
{
    spar_exchange_call_t *call = &allgather->machine.exchange.call;
    unsigned char *payload = spar_block_payload(block_of(allgather, rank));
    size_t room = spar_blocks_room(&allgather->blocks);

    return call->encoded != NULL
               ? spar_wire_join(call->encoded, payload, room, &call->header)
               : spar_wire_encode(call->selection, 0, call->selection->count, 0,
                                  call->header.span, payload, room,
                                  &call->header);
}

static spar_status_t start(spar_exchange_t *exchange)
{
    allgather_t *allgather = (allgather_t *)exchange;
    spar_exchange_call_t *call = &exchange->call;
    int rank = exchange->transport->rank;
    spar_status_t status = SPAR_OK;

    allgather->phase = PHASE_HEADERS;
    allgather->added = 0;
    for (int i = 0; i < exchange->transport->size; i++) {
        allgather->peers[i].known = i == rank;
    }
    if (call->header.flags == 0) {
        status = encode(allgather, rank);
        exchange->entries_sent = call->selection->count;
    }
    if (status != SPAR_OK) {
        return spar_machine_fail(&allgather->machine, status, rank,
                                 "its entries do not fit");
    }
    spar_wire_header_pack(&call->header, header_of(allgather, rank));
    if (call->header.flags == 0) {
        spar_wire_header_pack(&call->header, block_of(allgather, rank));
    }
    return post(allgather);
}

static spar_status_t read_header(allgather_t *allgather, int rank)
{
    spar_machine_t *machine = &allgather->machine;
    spar_exchange_t *exchange = &machine->exchange;
    peer_t *peer = &allgather->peers[rank];
    size_t received = machine->receives[rank].bytes;
    const char *cause = NULL;
    spar_status_t status =
        spar_block_read(header_of(allgather, rank), received,
                        &exchange->call.header, &peer->header, &cause);

    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, rank, cause);
    }
    if (exchange->call.eager ? !spar_block_is_whole(&peer->header, received)
                             : received != SPAR_WIRE_HEADER_BYTES) {
        return spar_machine_fail(machine, SPAR_ERR_WIRE, rank,
                                 "sent more or fewer bytes than it says");
    }
    peer->known = true;
    exchange->flags |= peer->header.flags;
    exchange->moves++;
    return SPAR_OK;
}

/* A block larger than what was reserved cannot be: entries are bounded by an
 * agreed number. Checked, because the peer may be broken. */
static spar_status_t check_sizes(allgather_t *allgather)
{
    for (int rank = 0; rank < allgather->machine.exchange.transport->size;
         rank++) {
        if (allgather->peers[rank].header.payload_bytes >
                spar_blocks_room(&allgather->blocks) &&
            rank != allgather->machine.exchange.transport->rank) {
            return spar_machine_fail(&allgather->machine, SPAR_ERR_WIRE, rank,
                                     "announces more entries than agreed");
        }
    }
    return SPAR_OK;
}

static spar_status_t progress_headers(allgather_t *allgather)
{
    spar_machine_t *machine = &allgather->machine;
    spar_exchange_t *exchange = &machine->exchange;
    spar_status_t all = SPAR_OK;

    for (int rank = 0; rank < exchange->transport->size; rank++) {
        spar_status_t status = spar_machine_received(machine, rank);

        if (status == SPAR_OK && !allgather->peers[rank].known) {
            status = read_header(allgather, rank);
        }
        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    exchange->agreed = all == SPAR_OK;
    if (all == SPAR_OK && (!exchange->call.eager || exchange->flags != 0)) {
        all = spar_machine_all_sent(machine);
    }
    if (all != SPAR_OK) {
        return all;
    }
    if (exchange->flags != 0) {
        return spar_machine_end(machine);
    }
    allgather->phase = PHASE_ENTRIES;
    exchange->moves++;
    if (!exchange->call.eager) {
        all = check_sizes(allgather);
        all = all == SPAR_OK ? post(allgather) : all;
    }
    return all == SPAR_OK ? SPAR_INPROGRESS : all;
}

/* Adds the blocks that are there, in rank order. */
static spar_status_t add_blocks(allgather_t *allgather)
{
    spar_machine_t *machine = &allgather->machine;
    spar_exchange_t *exchange = &machine->exchange;

    if (spar_apply_begins_again(machine)) {
        allgather->added = 0;
    }
    while (allgather->added < exchange->transport->size) {
        int rank = allgather->added;
        const spar_wire_header_t *header = rank == exchange->transport->rank
                                               ? &exchange->call.header
                                               : &allgather->peers[rank].header;
        spar_status_t status;

        if (machine->receives[rank].handle != NULL) {
            return SPAR_INPROGRESS;
        }
        status =
            spar_apply_block(machine, rank, header,
                             spar_block_payload(block_of(allgather, rank)));
        if (status != SPAR_OK) {
            return status;
        }
        allgather->added++;
        exchange->moves++;
    }
    return spar_apply_finish(machine);
}

/* Whether the entries from a rank are those that it has announced, and not of
 * another exchange. */
static bool are_announced(const allgather_t *allgather, int rank)
{
    const spar_machine_t *machine = &allgather->machine;
    const peer_t *peer = &allgather->peers[rank];

    return machine->exchange.call.eager ||
           (spar_block_is_whole(&peer->header, machine->receives[rank].bytes) &&
            memcmp(block_of(allgather, rank), peer->alone,
                   sizeof(peer->alone)) == 0);
}

static spar_status_t receive_entries(allgather_t *allgather)
{
    spar_machine_t *machine = &allgather->machine;
    spar_status_t all = SPAR_OK;

    for (int rank = 0; rank < machine->exchange.transport->size; rank++) {
        bool waited = machine->receives[rank].handle != NULL;
        spar_status_t status = spar_machine_received(machine, rank);

        if (waited && status == SPAR_OK && !are_announced(allgather, rank)) {
            status = spar_machine_fail(machine, SPAR_ERR_WIRE, rank,
                                       "sent other entries than announced");
        }
        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ? status : all;
    }
    return all;
}

static spar_status_t progress_entries(allgather_t *allgather)
{
    spar_machine_t *machine = &allgather->machine;
    const spar_exchange_t *exchange = &machine->exchange;
    spar_status_t received = receive_entries(allgather);
    spar_status_t sent =
        received < 0 ? received : spar_machine_all_sent(machine);
    spar_status_t applied = SPAR_INPROGRESS;

    if (sent < 0) {
        return sent;
    }
    if (spar_machine_may_commit(machine)) {
        applied = spar_apply_commit(machine, exchange->call.selection);
        applied = applied == SPAR_OK ? SPAR_INPROGRESS : applied;
    } else if (spar_machine_may_apply(machine)) {
        applied = add_blocks(allgather);
    } else if (exchange->dropped) {
        applied = received;
    }
    if (applied < 0) {
        return applied;
    }
    return applied == SPAR_OK && sent == SPAR_OK ? spar_machine_end(machine)
                                                 : SPAR_INPROGRESS;
}

static spar_status_t progress(spar_exchange_t *exchange)
{
    allgather_t *allgather = (allgather_t *)exchange;

    if (!allgather->machine.busy) {
        return SPAR_ERR_INVALID;
    }
    return allgather->phase == PHASE_HEADERS ? progress_headers(allgather)
                                             : progress_entries(allgather);
}

static const spar_exchange_ops_t allgather_ops = {
    "allgather", destroy, reserve, shrink, start, progress};

spar_status_t spar_allgather_create(spar_transport_t *transport, int tag,
                                    spar_exchange_t **exchange_p)
{
    allgather_t *allgather = calloc(1, sizeof(*allgather));
    spar_status_t status;

    if (allgather == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    status =
        spar_machine_init(&allgather->machine, &allgather_ops, transport, tag);
    allgather->peers =
        calloc((size_t)transport->size, sizeof(allgather->peers[0]));
    if (status != SPAR_OK || allgather->peers == NULL) {
        destroy(&allgather->machine.exchange);
        return SPAR_ERR_NO_MEMORY;
    }
    *exchange_p = &allgather->machine.exchange;
    return SPAR_OK;
}
