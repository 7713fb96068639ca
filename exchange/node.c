#include "exchange/node.h"

#include "base/smaller.h"
#include "exchange/apply.h"
#include "exchange/node_machine.h"

#include <stdlib.h>

static void shrink(spar_exchange_t *exchange)
{
    spar_node_exchange_t *node = (spar_node_exchange_t *)exchange;

    spar_partial_cleanup(&node->partial);
    spar_blocks_cleanup(&node->entries);
    spar_blocks_cleanup(&node->blocks);
    spar_apply_shrink(&node->machine);
}

static void destroy(spar_exchange_t *exchange)
{
    spar_node_exchange_t *node = (spar_node_exchange_t *)exchange;

    if (spar_machine_release(&node->machine)) {
        shrink(exchange);
        free(node->node_of);
        free(node->places);
        free(node->nodes);
        free(node->forwarded);
        free(node);
    }
}

/* Entries that the ranks of one node may have together, in the largest one. */
static uint64_t most_of_node(const spar_node_exchange_t *node,
                             const spar_exchange_size_t *size)
{
    uint64_t ranks = 1;

    for (int i = 0; i < node->node_count; i++) {
        uint64_t here = (uint64_t)node->nodes[i].ranks;

        ranks = here > ranks ? here : ranks;
    }
    return spar_smaller_product(size->entries, ranks, size->count);
}

static spar_status_t reserve(spar_exchange_t *exchange,
                             const spar_exchange_size_t *size)
{
    spar_node_exchange_t *node = (spar_node_exchange_t *)exchange;
    bool leads = node->leader == exchange->transport->rank;
    uint64_t most = most_of_node(node, size);
    spar_status_t status = spar_blocks_reserve(
        &node->entries, leads ? (size_t)node->nodes[node->here].ranks : 1,
        spar_wire_payload_bound(size->values, size->count,
                                spar_smaller(size->entries, size->count)));

    if (status == SPAR_OK) {
        status = spar_blocks_reserve(
            &node->blocks, (size_t)node->node_count,
            spar_partial_bound(size->dtype, size->count, most) +
                SPAR_NODE_NUMBER_BYTES);
    }
    if (status == SPAR_OK && leads) {
        status = spar_partial_reserve(&node->partial, size->dtype, size->count,
                                      most);
    }
    node->machine.room = (spar_exchange_size_t){.count = 0};
    if (status == SPAR_OK) {
        status = spar_apply_reserve(&node->machine, size, most);
    }
    exchange->memory = node->entries.capacity + node->blocks.capacity +
                       spar_partial_memory(&node->partial) +
                       spar_apply_memory(&node->machine);
    return status;
}

static spar_status_t start(spar_exchange_t *exchange)
{
    spar_node_exchange_t *node = (spar_node_exchange_t *)exchange;
    const spar_exchange_call_t *call = &exchange->call;
    spar_status_t status;

    if (call->header.flags == 0) {
        exchange->entries_sent = call->selection->count;
    }
    if (call->eager) {
        return spar_node_send_off(node);
    }
    node->travels = false;
    spar_agreement_start(&node->agreement);
    status = spar_agreement_progress(&node->agreement, &node->machine);
    return status < 0 ? status : SPAR_OK;
}

/* Adds the next node's block. */
static spar_status_t add_node(spar_node_exchange_t *node)
{
    spar_machine_t *machine = &node->machine;
    const spar_node_t *from = &node->nodes[node->added];
    spar_status_t status = spar_apply_block(
        machine, from->leader, &from->header,
        spar_block_payload(spar_node_block(node, node->added)));

    if (status == SPAR_OK) {
        node->added++;
        machine->exchange.moves++;
    }
    return status;
}

static spar_status_t progress_sum(spar_node_exchange_t *node)
{
    spar_status_t status = SPAR_OK;

    if (spar_apply_begins_again(&node->machine)) {
        node->added = 0;
    }
    if (node->added < node->node_count) {
        status = add_node(node);
    }
    if (status != SPAR_OK || node->added < node->node_count) {
        return status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    return spar_apply_finish(&node->machine);
}

/* SPAR_OK: all messages are through. */
static spar_status_t progress_messages(spar_node_exchange_t *node)
{
    spar_machine_t *machine = &node->machine;
    spar_status_t status;

    if (node->travels) {
        return spar_node_travel(node);
    }
    status = spar_agreement_progress(&node->agreement, machine);
    if (status == SPAR_OK && machine->exchange.flags == 0) {
        status = spar_node_send_off(node);
        return status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    return status;
}

static spar_status_t progress(spar_exchange_t *exchange)
{
    spar_node_exchange_t *node = (spar_node_exchange_t *)exchange;
    spar_machine_t *machine = &node->machine;
    spar_status_t status;

    if (!machine->busy) {
        return SPAR_ERR_INVALID;
    }
    status = progress_messages(node);
    if (status < 0) {
        return status;
    }
    if (spar_machine_may_commit(machine)) {
        status = spar_apply_commit(machine, exchange->call.selection);
        return status == SPAR_OK ? SPAR_INPROGRESS : status;
    }
    if (status == SPAR_OK && spar_machine_may_apply(machine)) {
        status = progress_sum(node);
    } else if (status == SPAR_OK && !spar_machine_is_over(machine)) {
        status = SPAR_INPROGRESS;
    }
    return status == SPAR_OK ? spar_machine_end(machine) : status;
}

static const spar_exchange_ops_t node_ops = {"node", destroy, reserve,
                                             shrink, start,   progress};

/* false: the nodes are not numbered in the order of their first ranks. */
static bool number_nodes(spar_node_exchange_t *node, const int *nodes, int size)
{
    for (int rank = 0; rank < size; rank++) {
        spar_node_t *here;

        if (nodes[rank] < 0 || nodes[rank] > node->node_count) {
            return false;
        }
        here = &node->nodes[nodes[rank]];
        if (nodes[rank] == node->node_count) {
            node->node_count++;
            here->leader = rank;
        }
        node->node_of[rank] = nodes[rank];
        node->places[rank] = here->ranks++;
    }
    return true;
}

spar_status_t spar_node_create(spar_transport_t *transport, int tag,
                               const int *nodes, spar_exchange_t **exchange_p)
{
    size_t size = (size_t)transport->size;
    spar_node_exchange_t *node = calloc(1, sizeof(*node));
    spar_status_t status;

    if (node == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    spar_partial_init(&node->partial);
    status = spar_machine_init(&node->machine, &node_ops, transport, tag);
    node->node_of = calloc(size, sizeof(node->node_of[0]));
    node->places = calloc(size, sizeof(node->places[0]));
    node->nodes = calloc(size, sizeof(node->nodes[0]));
    node->forwarded = calloc(size, sizeof(node->forwarded[0]));
    if (node->node_of == NULL || node->places == NULL || node->nodes == NULL ||
        node->forwarded == NULL) {
        status = SPAR_ERR_NO_MEMORY;
    } else if (!number_nodes(node, nodes, transport->size)) {
        status = SPAR_ERR_INVALID;
    }
    if (status != SPAR_OK) {
        destroy(&node->machine.exchange);
        return status;
    }
    node->here = nodes[transport->rank];
    node->leader = node->nodes[node->here].leader;
    *exchange_p = &node->machine.exchange;
    return SPAR_OK;
}
