#include "exchange/node_machine.h"
#include "sparsify/wire_bytes.h"

static int me(const spar_node_exchange_t *node)
{
    return node->machine.exchange.transport->rank;
}

static bool leads(const spar_node_exchange_t *node)
{
    return node->leader == me(node);
}

/* Where the entries of a rank of this node are. */
static unsigned char *entries_of(const spar_node_exchange_t *node, int rank)
{
    return spar_blocks_at(&node->entries,
                          leads(node) ? (size_t)node->places[rank] : 0);
}

/* The sums of several ranks travel with native values. */
static spar_wire_header_t node_header(const spar_node_exchange_t *node,
                                      int number)
{
    spar_wire_header_t header = node->machine.exchange.call.header;

    if (node->nodes[number].ranks > 1) {
        header.values = spar_values_native(header.dtype);
    }
    header.flags = node->machine.exchange.flags;
    return header;
}

/* Writes this rank's entries, or what flags leave of them, as a message. */
static spar_status_t write_entries(const spar_node_exchange_t *node,
                                   unsigned char *block, size_t room,
                                   spar_wire_header_t *header)
{
    const spar_exchange_call_t *call = &node->machine.exchange.call;
    spar_status_t status = SPAR_OK;

    if (header->flags == 0) {
        status = spar_wire_encode(call->selection, 0, call->selection->count, 0,
                                  header->span, spar_block_payload(block), room,
                                  header);
    }
    spar_wire_header_pack(header, block);
    return status;
}

static spar_status_t too_large(spar_node_exchange_t *node)
{
    return spar_machine_fail(&node->machine, SPAR_ERR_INVALID, me(node),
                             "its entries do not fit");
}

/* The next node block from this node's leader. */
static spar_status_t receive_next(spar_node_exchange_t *node)
{
    return node->known == node->node_count
               ? SPAR_OK
               : spar_machine_receive(&node->machine, node->leader,
                                      node->machine.exchange.tag + 1,
                                      spar_node_block(node, node->known),
                                      node->blocks.each);
}

static spar_status_t send_to_leader(spar_node_exchange_t *node)
{
    spar_machine_t *machine = &node->machine;
    spar_wire_header_t header = machine->exchange.call.header;
    unsigned char *block = entries_of(node, me(node));
    spar_status_t status =
        write_entries(node, block, spar_blocks_room(&node->entries), &header);

    if (status != SPAR_OK) {
        return too_large(node);
    }
    status = receive_next(node);
    return status == SPAR_OK
               ? spar_machine_send(
                     machine, node->leader, machine->exchange.tag + 1, block,
                     SPAR_WIRE_HEADER_BYTES + header.payload_bytes)
               : status;
}

/* From the ranks of its node, and from the other leaders. */
static spar_status_t post_receives(spar_node_exchange_t *node)
{
    spar_machine_t *machine = &node->machine;
    int tag = machine->exchange.tag + 1;
    spar_status_t status = SPAR_OK;

    for (int rank = 0;
         status == SPAR_OK && rank < machine->exchange.transport->size;
         rank++) {
        int number = node->node_of[rank];

        if (rank == me(node)) {
            continue;
        }
        if (number == node->here) {
            status = spar_machine_receive(
                machine, rank, tag, entries_of(node, rank), node->entries.each);
        } else if (node->nodes[number].leader == rank) {
            status = spar_machine_receive(machine, rank, tag,
                                          spar_node_block(node, number),
                                          node->blocks.each);
        }
    }
    return status;
}

spar_status_t spar_node_send_off(spar_node_exchange_t *node)
{
    const spar_exchange_call_t *call = &node->machine.exchange.call;

    node->travels = true;
    node->known = 0;
    node->added = 0;
    for (int i = 0; i < node->node_count; i++) {
        node->nodes[i].known = false;
    }
    if (!leads(node)) {
        return send_to_leader(node);
    }
    for (int i = 0; i < node->machine.exchange.transport->size; i++) {
        node->forwarded[i] = 0;
    }
    node->merged = 0;
    if (call->header.flags == 0) {
        spar_partial_begin(&node->partial, call->header.dtype,
                           call->header.span, call->selection);
    }
    return post_receives(node);
}

/* A block that has come from a rank, with so many bytes behind it. */
static spar_status_t read(spar_node_exchange_t *node, int rank,
                          const unsigned char *block, size_t behind,
                          const spar_wire_header_t *expected,
                          spar_wire_header_t *header_p)
{
    spar_machine_t *machine = &node->machine;
    size_t received = machine->receives[rank].bytes;
    const char *cause = NULL;
    spar_status_t status =
        spar_block_read(block, received, expected, header_p, &cause);

    if (status == SPAR_OK &&
        !spar_block_is_whole(header_p, received - behind)) {
        cause = "sent more or fewer bytes than it says";
        status = SPAR_ERR_WIRE;
    }
    if (status != SPAR_OK) {
        return spar_machine_fail(machine, status, rank, cause);
    }
    machine->exchange.flags |= header_p->flags;
    machine->exchange.moves++;
    return SPAR_OK;
}

static spar_status_t merge_rank(spar_node_exchange_t *node, int rank)
{
    spar_machine_t *machine = &node->machine;
    unsigned char *block = entries_of(node, rank);
    const char *cause = NULL;
    spar_wire_header_t header;
    spar_status_t status = spar_machine_received(machine, rank);

    if (status == SPAR_OK) {
        status =
            read(node, rank, block, 0, &machine->exchange.call.header, &header);
    }
    if (status != SPAR_OK || machine->exchange.flags != 0) {
        return status;
    }
    status = spar_partial_add(&node->partial, &header,
                              spar_block_payload(block), &cause);
    return status == SPAR_OK ? SPAR_OK
                             : spar_machine_fail(machine, status, rank, cause);
}

/* Of the message with a node's block. */
static size_t node_bytes(const spar_wire_header_t *header)
{
    return SPAR_WIRE_HEADER_BYTES + header->payload_bytes +
           SPAR_NODE_NUMBER_BYTES;
}

/* Writes the node's block, and sends it to the other leaders. */
static spar_status_t send_across(spar_node_exchange_t *node)
{
    spar_machine_t *machine = &node->machine;
    unsigned char *block = spar_node_block(node, node->here);
    size_t room = spar_blocks_room(&node->blocks) - SPAR_NODE_NUMBER_BYTES;
    spar_node_t *here = &node->nodes[node->here];
    spar_wire_header_t header = node_header(node, node->here);
    spar_status_t status = SPAR_OK;

    if (here->ranks == 1) {
        status = write_entries(node, block, room, &header);
    } else {
        if (header.flags == 0) {
            status = spar_partial_encode(
                &node->partial, spar_block_payload(block), room, &header);
        }
        spar_wire_header_pack(&header, block);
    }
    if (status != SPAR_OK) {
        return too_large(node);
    }
    spar_wire_store32(spar_block_payload(block) + header.payload_bytes,
                      (uint32_t)node->here);
    here->header = header;
    here->known = true;
    for (int i = 1; status == SPAR_OK && i < node->node_count; i++) {
        int to = (node->here + i) % node->node_count;

        status = spar_machine_send(machine, node->nodes[to].leader,
                                   machine->exchange.tag + 1, block,
                                   node_bytes(&header));
    }
    return status;
}

/* Merges what is there, in rank order; the last one makes the node's block. */
static spar_status_t merge_node(spar_node_exchange_t *node)
{
    int size = node->machine.exchange.transport->size;

    while (node->merged < size) {
        int rank = node->merged;
        spar_status_t status = SPAR_OK;

        if (node->node_of[rank] == node->here && rank != node->leader) {
            status = merge_rank(node, rank);
        }
        if (status != SPAR_OK) {
            return status;
        }
        node->merged++;
        if (node->merged == size) {
            return send_across(node);
        }
    }
    return SPAR_OK;
}

static spar_status_t read_node(spar_node_exchange_t *node, int number, int from)
{
    spar_node_t *there = &node->nodes[number];
    const spar_wire_header_t expected = node_header(node, number);
    unsigned char *block = spar_node_block(node, number);
    spar_status_t status = read(node, from, block, SPAR_NODE_NUMBER_BYTES,
                                &expected, &there->header);

    if (status == SPAR_OK &&
        spar_wire_load32(spar_block_payload(block) +
                         there->header.payload_bytes) != (uint32_t)number) {
        status = spar_machine_fail(&node->machine, SPAR_ERR_DISAGREE, from,
                                   "sends another node's sum");
    }
    return status;
}

/* Looks for the block of a node, which comes from a rank. */
static spar_status_t look_for(spar_node_exchange_t *node, int number, int from)
{
    spar_node_t *there = &node->nodes[number];
    spar_status_t status;

    if (there->known) {
        return SPAR_OK;
    }
    status = spar_machine_received(&node->machine, from);
    if (status == SPAR_OK) {
        status = read_node(node, number, from);
        there->known = status == SPAR_OK;
    }
    return status;
}

/* Gives a rank of the node the next block that it does not have. */
static spar_status_t forward(spar_node_exchange_t *node, int rank)
{
    spar_machine_t *machine = &node->machine;
    spar_status_t status = spar_machine_sent(machine, rank);

    while (status == SPAR_OK && node->forwarded[rank] < node->known) {
        int number = node->forwarded[rank]++;

        status = spar_machine_send(machine, rank, machine->exchange.tag + 1,
                                   spar_node_block(node, number),
                                   node_bytes(&node->nodes[number].header));
        machine->exchange.moves++;
        if (status == SPAR_OK) {
            status = spar_machine_sent(machine, rank);
        }
    }
    return status;
}

static spar_status_t forward_all(spar_node_exchange_t *node)
{
    spar_status_t all = SPAR_OK;

    for (int rank = 0; rank < node->machine.exchange.transport->size; rank++) {
        bool local = node->node_of[rank] == node->here && rank != node->leader;
        spar_status_t status = local ? forward(node, rank) : SPAR_OK;

        if (status < 0) {
            return status;
        }
        all = status == SPAR_INPROGRESS ||
                      (local && node->forwarded[rank] < node->node_count)
                  ? SPAR_INPROGRESS
                  : all;
    }
    return all;
}

static spar_status_t travel_as_leader(spar_node_exchange_t *node)
{
    spar_status_t status = merge_node(node);

    for (int i = 0; status >= 0 && i < node->node_count; i++) {
        if (i != node->here) {
            status = look_for(node, i, node->nodes[i].leader);
        }
        if (status >= 0 && node->known == i && node->nodes[i].known) {
            node->known++;
        }
    }
    if (status >= 0) {
        status = forward_all(node);
    }
    if (status < 0) {
        return status;
    }
    node->machine.exchange.agreed |= node->known == node->node_count;
    if (node->known < node->node_count || status != SPAR_OK) {
        return SPAR_INPROGRESS;
    }
    return spar_machine_all_sent(&node->machine);
}

static spar_status_t travel_as_follower(spar_node_exchange_t *node)
{
    spar_status_t status = SPAR_OK;

    while (status == SPAR_OK && node->known < node->node_count) {
        status = look_for(node, node->known, node->leader);
        if (status == SPAR_OK) {
            node->known++;
            status = receive_next(node);
        }
    }
    if (status != SPAR_OK) {
        return status;
    }
    node->machine.exchange.agreed = true;
    return spar_machine_sent(&node->machine, node->leader);
}

spar_status_t spar_node_travel(spar_node_exchange_t *node)
{
    return leads(node) ? travel_as_leader(node) : travel_as_follower(node);
}
