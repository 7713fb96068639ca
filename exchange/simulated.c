#include "exchange/simulated.h"

#include "exchange/simulated_events.h"

#include <stdlib.h>
#include <string.h>

typedef enum happening {
    LEFT,    /* a message has left its sender's interface */
    ARRIVED, /* its front has reached its receiver's interface */
    RECEIVED /* all of it is there */
} happening_t;

/* A send that is under way or done, or a receive that was started. */
typedef struct operation {
    bool is_send;
    bool is_done;
    struct message *message; /* of a send that is not done */
    int peer, tag;
    void *data;
    size_t bytes;
} operation_t;

typedef struct message {
    struct message *next;      /* in a queue */
    struct message *all_next;  /* of all messages */
    struct message **all_link; /* what points to it there */
    int from, to, tag;
    operation_t *send; /* NULL: done or given up */
    size_t bytes;
    unsigned char data[];
} message_t;

typedef struct queue {
    message_t *first;
    message_t **last_p;
} queue_t;

/* One direction of an interface. */
typedef struct port {
    bool is_busy;
    queue_t waiting;
} port_t;

typedef struct endpoint {
    spar_transport_t transport; /* first: the ops get it */
    struct spar_simulated *simulated;
    queue_t inbox;
    port_t out, in;           /* to and from ranks of its node */
    port_t node_out, node_in; /* of a node's first rank: other nodes */
} endpoint_t;

struct spar_simulated {
    spar_simulated_network_t network;
    double now;
    spar_events_t events;
    message_t *all;
    endpoint_t *endpoints;
};

static void push(queue_t *queue, message_t *message)
{
    message->next = NULL;
    *queue->last_p = message;
    queue->last_p = &message->next;
}

static message_t *take(queue_t *queue, message_t **link)
{
    message_t *message = *link;

    *link = message->next;
    if (queue->last_p == &message->next) {
        queue->last_p = link;
    }
    return message;
}

static void keep(spar_simulated_t *simulated, message_t *message)
{
    message->all_next = simulated->all;
    message->all_link = &simulated->all;
    if (simulated->all != NULL) {
        simulated->all->all_link = &message->all_next;
    }
    simulated->all = message;
}

static void drop(message_t *message)
{
    *message->all_link = message->all_next;
    if (message->all_next != NULL) {
        message->all_next->all_link = message->all_link;
    }
    free(message);
}

static bool stays_on_node(const spar_simulated_t *simulated,
                          const message_t *message)
{
    return message->from / simulated->network.per_node ==
           message->to / simulated->network.per_node;
}

static const spar_simulated_level_t *level_of(const spar_simulated_t *simulated,
                                              const message_t *message)
{
    return stays_on_node(simulated, message) ? &simulated->network.node
                                             : &simulated->network.network;
}

/* Seconds for which a message occupies an interface. */
static double length(const spar_simulated_t *simulated,
                     const message_t *message)
{
    const spar_simulated_level_t *level = level_of(simulated, message);

    return level->overhead + (double)message->bytes * level->byte;
}

static endpoint_t *first_of_node(spar_simulated_t *simulated, int rank)
{
    return &simulated->endpoints[rank - rank % simulated->network.per_node];
}

static port_t *out_port(spar_simulated_t *simulated, const message_t *message)
{
    return stays_on_node(simulated, message)
               ? &simulated->endpoints[message->from].out
               : &first_of_node(simulated, message->from)->node_out;
}

static port_t *in_port(spar_simulated_t *simulated, const message_t *message)
{
    return stays_on_node(simulated, message)
               ? &simulated->endpoints[message->to].in
               : &first_of_node(simulated, message->to)->node_in;
}

/* A free port takes the next message that waits for it; NULL: none does. */
static message_t *next_message(port_t *port)
{
    if (port->is_busy || port->waiting.first == NULL) {
        return NULL;
    }
    port->is_busy = true;
    return take(&port->waiting, &port->waiting.first);
}

static spar_status_t begin_to_send(spar_simulated_t *simulated, port_t *port)
{
    message_t *message = next_message(port);
    spar_status_t status;

    if (message == NULL) {
        return SPAR_OK;
    }
    status = spar_events_add(&simulated->events,
                             simulated->now + length(simulated, message), LEFT,
                             message);
    if (status != SPAR_OK) {
        return status;
    }
    return spar_events_add(&simulated->events,
                           simulated->now +
                               level_of(simulated, message)->latency,
                           ARRIVED, message);
}

static spar_status_t begin_to_receive(spar_simulated_t *simulated, port_t *port)
{
    message_t *message = next_message(port);

    if (message == NULL) {
        return SPAR_OK;
    }
    return spar_events_add(&simulated->events,
                           simulated->now + length(simulated, message),
                           RECEIVED, message);
}

static spar_status_t start(const operation_t *what, spar_transfer_t *transfer_p)
{
    operation_t *operation = malloc(sizeof(*operation));

    if (operation == NULL) {
        return SPAR_ERR_TRANSPORT;
    }
    *operation = *what;
    transfer_p->handle = operation;
    return SPAR_OK;
}

static spar_status_t simulated_isend(spar_transport_t *transport, int peer,
                                     int tag, const void *data, size_t bytes,
                                     spar_transfer_t *transfer_p)
{
    spar_simulated_t *simulated = ((endpoint_t *)transport)->simulated;
    message_t *message = malloc(sizeof(*message) + bytes);
    operation_t operation = {.is_send = true, .message = message};
    port_t *port;

    if (message == NULL) {
        return SPAR_ERR_TRANSPORT;
    }
    if (start(&operation, transfer_p) != SPAR_OK) {
        free(message);
        return SPAR_ERR_TRANSPORT;
    }
    *message = (message_t){.from = transport->rank,
                           .to = peer,
                           .tag = tag,
                           .send = transfer_p->handle,
                           .bytes = bytes};
    memcpy(message->data, data, bytes);
    keep(simulated, message);
    port = out_port(simulated, message);
    push(&port->waiting, message);
    return begin_to_send(simulated, port) == SPAR_OK ? SPAR_OK
                                                     : SPAR_ERR_TRANSPORT;
}

static spar_status_t simulated_irecv(spar_transport_t *transport, int peer,
                                     int tag, void *data, size_t bytes,
                                     spar_transfer_t *transfer_p)
{
    operation_t operation = {
        .peer = peer, .tag = tag, .data = data, .bytes = bytes};

    (void)transport;
    return start(&operation, transfer_p);
}

static void finish(spar_transfer_t *transfer)
{
    free(transfer->handle);
    transfer->handle = NULL;
}

static spar_status_t simulated_test(spar_transport_t *transport,
                                    spar_transfer_t *transfer)
{
    endpoint_t *endpoint = (endpoint_t *)transport;
    operation_t *operation = transfer->handle;
    message_t **link = &endpoint->inbox.first;
    message_t *message;
    spar_status_t status = SPAR_OK;

    if (operation->is_send) {
        if (!operation->is_done) {
            return SPAR_INPROGRESS;
        }
        finish(transfer);
        return SPAR_OK;
    }
    while (*link != NULL && ((*link)->from != operation->peer ||
                             (*link)->tag != operation->tag)) {
        link = &(*link)->next;
    }
    if (*link == NULL) {
        return SPAR_INPROGRESS;
    }
    message = take(&endpoint->inbox, link);
    if (message->bytes <= operation->bytes) {
        memcpy(operation->data, message->data, message->bytes);
        transfer->bytes = message->bytes;
    } else {
        status = SPAR_ERR_TRANSPORT;
    }
    drop(message);
    finish(transfer);
    return status;
}

static void simulated_cancel(spar_transport_t *transport,
                             spar_transfer_t *transfer)
{
    operation_t *operation = transfer->handle;

    (void)transport;
    if (operation->is_send && !operation->is_done) {
        operation->message->send = NULL;
    }
    finish(transfer);
}

static const spar_transport_ops_t simulated_ops = {
    simulated_isend, simulated_irecv, simulated_test, simulated_cancel};

/* Returns the rank that may go on; -1: none. */
static int happen(spar_simulated_t *simulated, const spar_event_t *event,
                  spar_status_t *status_p)
{
    message_t *message = event->subject;
    port_t *port = event->kind == LEFT ? out_port(simulated, message)
                                       : in_port(simulated, message);

    switch ((happening_t)event->kind) {
    case LEFT:
        if (message->send != NULL) {
            message->send->is_done = true;
            message->send = NULL;
        }
        port->is_busy = false;
        *status_p = begin_to_send(simulated, port);
        return message->from;
    case ARRIVED:
        push(&port->waiting, message);
        *status_p = begin_to_receive(simulated, port);
        break;
    case RECEIVED:
        push(&simulated->endpoints[message->to].inbox, message);
        port->is_busy = false;
        *status_p = begin_to_receive(simulated, port);
        return message->to;
    }
    return -1;
}

int spar_simulated_advance(spar_simulated_t *simulated)
{
    spar_status_t status = SPAR_OK;
    spar_event_t event;
    int rank = -1;

    while (rank < 0 && status == SPAR_OK &&
           spar_events_take(&simulated->events, &event)) {
        simulated->now = event.time;
        rank = happen(simulated, &event, &status);
    }
    return status == SPAR_OK ? rank : -1;
}

static void open_queue(queue_t *queue)
{
    queue->last_p = &queue->first;
}

spar_status_t spar_simulated_create(const spar_simulated_network_t *network,
                                    spar_simulated_t **simulated_p)
{
    spar_simulated_t *simulated;

    if (network->ranks < 1 || network->per_node < 1) {
        return SPAR_ERR_INVALID;
    }
    simulated = calloc(1, sizeof(*simulated));
    if (simulated == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    simulated->network = *network;
    simulated->endpoints =
        calloc((size_t)network->ranks, sizeof(simulated->endpoints[0]));
    if (simulated->endpoints == NULL) {
        free(simulated);
        return SPAR_ERR_NO_MEMORY;
    }
    for (int rank = 0; rank < network->ranks; rank++) {
        endpoint_t *endpoint = &simulated->endpoints[rank];

        endpoint->transport =
            (spar_transport_t){&simulated_ops, rank, network->ranks, true};
        endpoint->simulated = simulated;
        open_queue(&endpoint->inbox);
        open_queue(&endpoint->out.waiting);
        open_queue(&endpoint->in.waiting);
        open_queue(&endpoint->node_out.waiting);
        open_queue(&endpoint->node_in.waiting);
    }
    *simulated_p = simulated;
    return SPAR_OK;
}

void spar_simulated_destroy(spar_simulated_t *simulated)
{
    if (simulated == NULL) {
        return;
    }
    for (message_t *message = simulated->all; message != NULL;) {
        message_t *next = message->all_next;

        free(message);
        message = next;
    }
    spar_events_cleanup(&simulated->events);
    free(simulated->endpoints);
    free(simulated);
}

spar_transport_t *spar_simulated_transport(spar_simulated_t *simulated,
                                           int rank)
{
    return &simulated->endpoints[rank].transport;
}

double spar_simulated_now(const spar_simulated_t *simulated)
{
    return simulated->now;
}
