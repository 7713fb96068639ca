#include "exchange/loopback.h"

#include <stdlib.h>
#include <string.h>

typedef struct message {
    struct message *next;
    int from, to, tag;
    unsigned delay; /* tests until it is visible */
    size_t bytes;
    unsigned char data[];
} message_t;

typedef struct endpoint {
    spar_transport_t transport; /* first: the ops get it */
    spar_loopback_t *loopback;
    uint64_t bytes_sent;
    uint64_t bytes_received;
} endpoint_t;

/* A started receive, or a send, which is done at once. */
typedef struct operation {
    bool is_send;
    int peer, tag;
    void *data;
    size_t bytes;
} operation_t;

struct spar_loopback {
    int size;
    spar_loopback_faults_t faults;
    uint64_t random;
    uint64_t calls;
    uint64_t messages;
    size_t pending;
    size_t undelivered;
    uint64_t activity;
    message_t *first; /* in the order in which they were sent */
    message_t **last_p;
    endpoint_t *endpoints;
};

static uint64_t next_random(spar_loopback_t *loopback)
{
    /* xorshift64* (Vigna, ACM TOMS 42, 2016) */
    loopback->random ^= loopback->random >> 12;
    loopback->random ^= loopback->random << 25;
    loopback->random ^= loopback->random >> 27;
    return loopback->random * 0x2545f4914f6cdd1du;
}

static bool call_fails(spar_loopback_t *loopback)
{
    return ++loopback->calls == loopback->faults.fail_call;
}

static spar_status_t start(endpoint_t *endpoint, const operation_t *what,
                           spar_transfer_t *transfer_p)
{
    operation_t *operation = malloc(sizeof(*operation));

    if (operation == NULL) {
        return SPAR_ERR_TRANSPORT;
    }
    *operation = *what;
    endpoint->loopback->pending++;
    endpoint->loopback->activity++;
    transfer_p->handle = operation;
    return SPAR_OK;
}

static bool is_lost(const spar_loopback_t *loopback, int rank)
{
    return rank == loopback->faults.lost_rank &&
           loopback->messages >= loopback->faults.lost_after;
}

static void append(spar_loopback_t *loopback, message_t *message)
{
    if (loopback->faults.max_delay > 0) {
        message->delay = (unsigned)(next_random(loopback) %
                                    (loopback->faults.max_delay + 1));
    }
    *loopback->last_p = message;
    loopback->last_p = &message->next;
    loopback->undelivered++;
}

/* NULL: out of memory. */
static message_t *copy_of(const message_t *message)
{
    message_t *copy = malloc(sizeof(*copy) + message->bytes);

    if (copy != NULL) {
        memcpy(copy, message, sizeof(*copy) + message->bytes);
        copy->next = NULL;
    }
    return copy;
}

static spar_status_t enqueue(spar_loopback_t *loopback, message_t *message)
{
    const spar_loopback_faults_t *faults = &loopback->faults;

    loopback->messages++;
    if (loopback->messages == faults->damage_message && message->bytes > 0) {
        size_t within =
            faults->damage_within > 0 && faults->damage_within < message->bytes
                ? faults->damage_within
                : message->bytes;
        uint64_t bit = next_random(loopback) % (within * 8);

        message->data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    if (loopback->messages == faults->truncate_message && message->bytes > 0) {
        message->bytes--;
    }
    append(loopback, message);
    if (loopback->messages == faults->duplicate_message) {
        message = copy_of(message);
        if (message == NULL) {
            return SPAR_ERR_TRANSPORT;
        }
        append(loopback, message);
    }
    return SPAR_OK;
}

static spar_status_t loopback_isend(spar_transport_t *transport, int peer,
                                    int tag, const void *data, size_t bytes,
                                    spar_transfer_t *transfer_p)
{
    endpoint_t *endpoint = (endpoint_t *)transport;
    spar_loopback_t *loopback = endpoint->loopback;
    operation_t operation = {.is_send = true};
    message_t *message;
    spar_status_t status;

    if (call_fails(loopback)) {
        return SPAR_ERR_TRANSPORT;
    }
    message = calloc(1, sizeof(*message) + bytes);
    if (message == NULL) {
        return SPAR_ERR_TRANSPORT;
    }
    status = start(endpoint, &operation, transfer_p);
    if (status != SPAR_OK || is_lost(loopback, transport->rank)) {
        free(message);
        return status;
    }
    message->from = transport->rank;
    message->to = peer;
    message->tag = tag;
    message->bytes = bytes;
    memcpy(message->data, data, bytes);
    endpoint->bytes_sent += bytes;
    return enqueue(loopback, message);
}

static spar_status_t loopback_irecv(spar_transport_t *transport, int peer,
                                    int tag, void *data, size_t bytes,
                                    spar_transfer_t *transfer_p)
{
    endpoint_t *endpoint = (endpoint_t *)transport;
    operation_t operation = {
        .peer = peer, .tag = tag, .data = data, .bytes = bytes};

    if (call_fails(endpoint->loopback)) {
        return SPAR_ERR_TRANSPORT;
    }
    return start(endpoint, &operation, transfer_p);
}

static void finish(spar_loopback_t *loopback, spar_transfer_t *transfer)
{
    free(transfer->handle);
    transfer->handle = NULL;
    loopback->pending--;
    loopback->activity++;
}

static spar_status_t deliver(spar_loopback_t *loopback, message_t **link,
                             spar_transfer_t *transfer)
{
    operation_t *operation = transfer->handle;
    message_t *message = *link;
    spar_status_t status = SPAR_OK;

    if (message->bytes <= operation->bytes) {
        memcpy(operation->data, message->data, message->bytes);
        transfer->bytes = message->bytes;
        loopback->endpoints[message->to].bytes_received += message->bytes;
    } else {
        status = SPAR_ERR_TRANSPORT;
    }
    *link = message->next;
    if (loopback->last_p == &message->next) {
        loopback->last_p = link;
    }
    free(message);
    loopback->undelivered--;
    finish(loopback, transfer);
    return status;
}

static spar_status_t loopback_test(spar_transport_t *transport,
                                   spar_transfer_t *transfer)
{
    endpoint_t *endpoint = (endpoint_t *)transport;
    operation_t *operation = transfer->handle;
    message_t **link = &endpoint->loopback->first;

    if (operation->is_send) {
        finish(endpoint->loopback, transfer);
        return SPAR_OK;
    }
    for (; *link != NULL; link = &(*link)->next) {
        message_t *message = *link;

        if (message->to == transport->rank &&
            message->from == operation->peer &&
            message->tag == operation->tag) {
            if (message->delay > 0) {
                message->delay--;
                endpoint->loopback->activity++;
                return SPAR_INPROGRESS;
            }
            return deliver(endpoint->loopback, link, transfer);
        }
    }
    return SPAR_INPROGRESS;
}

static void loopback_cancel(spar_transport_t *transport,
                            spar_transfer_t *transfer)
{
    finish(((endpoint_t *)transport)->loopback, transfer);
}

static const spar_transport_ops_t loopback_ops = {
    loopback_isend, loopback_irecv, loopback_test, loopback_cancel};

spar_status_t spar_loopback_create(int size,
                                   const spar_loopback_faults_t *faults,
                                   spar_loopback_t **loopback_p)
{
    static const spar_loopback_faults_t perfect = {.lost_rank = -1};
    spar_loopback_t *loopback = calloc(1, sizeof(*loopback));

    if (loopback == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    loopback->endpoints = calloc((size_t)size, sizeof(loopback->endpoints[0]));
    if (loopback->endpoints == NULL) {
        free(loopback);
        return SPAR_ERR_NO_MEMORY;
    }
    loopback->size = size;
    loopback->faults = faults != NULL ? *faults : perfect;
    loopback->random = loopback->faults.seed * 2 + 1;
    loopback->last_p = &loopback->first;
    for (int rank = 0; rank < size; rank++) {
        loopback->endpoints[rank] =
            (endpoint_t){.transport = {&loopback_ops, rank, size, true},
                         .loopback = loopback};
    }
    *loopback_p = loopback;
    return SPAR_OK;
}

void spar_loopback_destroy(spar_loopback_t *loopback)
{
    if (loopback == NULL) {
        return;
    }
    while (loopback->first != NULL) {
        message_t *message = loopback->first;

        loopback->first = message->next;
        free(message);
    }
    free(loopback->endpoints);
    free(loopback);
}

spar_transport_t *spar_loopback_transport(spar_loopback_t *loopback, int rank)
{
    return &loopback->endpoints[rank].transport;
}

uint64_t spar_loopback_bytes_sent(const spar_loopback_t *loopback, int rank)
{
    return loopback->endpoints[rank].bytes_sent;
}

uint64_t spar_loopback_bytes_received(const spar_loopback_t *loopback, int rank)
{
    return loopback->endpoints[rank].bytes_received;
}

uint64_t spar_loopback_messages(const spar_loopback_t *loopback)
{
    return loopback->messages;
}

uint64_t spar_loopback_calls(const spar_loopback_t *loopback)
{
    return loopback->calls;
}

size_t spar_loopback_pending(const spar_loopback_t *loopback)
{
    return loopback->pending;
}

size_t spar_loopback_undelivered(const spar_loopback_t *loopback)
{
    return loopback->undelivered;
}

uint64_t spar_loopback_activity(const spar_loopback_t *loopback)
{
    return loopback->activity;
}
