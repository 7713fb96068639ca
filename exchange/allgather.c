#include "exchange/allgather.h"

#include "exchange/transfers.h"
#include "sparsify/residual.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Elements that are committed between two looks at the network: a few tens of
 * microseconds, so that transfers do not wait for local work. */
#define COMMIT_PIECE (128u * 1024u)

typedef enum phase {
    PHASE_IDLE,
    PHASE_HEADERS,  /* headers travel */
    PHASE_PAYLOADS, /* entries travel; the residual is committed meanwhile */
    PHASE_FAILED
} phase_t;

typedef struct peer_block {
    unsigned char header_bytes[SPAR_WIRE_HEADER_BYTES];
    spar_wire_header_t header;
} peer_block_t;

struct spar_allgather {
    spar_transport_t *transport;
    int header_tag;
    int payload_tag;
    phase_t phase;
    spar_allgather_call_t call;
    unsigned char header_bytes[SPAR_WIRE_HEADER_BYTES];
    peer_block_t *peers;    /* one per rank; own entry unused */
    spar_transfer_t *sends; /* one per rank */
    spar_transfer_t *receives;
    uint32_t flags;
    uint64_t committed; /* elements of the layer */
    int added;          /* ranks whose block is in `out` */
    uint64_t bytes_sent;
    uint64_t moves;
    /* Payloads: `slot_bytes` for each rank, the own one at its rank. */
    unsigned char *payloads;
    size_t slot_bytes;
    size_t capacity;
    char cause[256];
};

spar_status_t spar_allgather_create(spar_transport_t *transport, int tag,
                                    spar_allgather_t **allgather_p)
{
    spar_allgather_t *allgather = calloc(1, sizeof(*allgather));
    size_t size = (size_t)transport->size;

    if (allgather == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    allgather->transport = transport;
    allgather->header_tag = tag;
    allgather->payload_tag = tag + 1;
    allgather->peers = calloc(size, sizeof(allgather->peers[0]));
    allgather->sends = calloc(size, sizeof(allgather->sends[0]));
    allgather->receives = calloc(size, sizeof(allgather->receives[0]));
    if (allgather->peers == NULL || allgather->sends == NULL ||
        allgather->receives == NULL) {
        spar_allgather_destroy(allgather);
        return SPAR_ERR_NO_MEMORY;
    }
    *allgather_p = allgather;
    return SPAR_OK;
}

static void cancel_all(spar_allgather_t *allgather)
{
    size_t size = (size_t)allgather->transport->size;

    spar_transfers_cancel(allgather->transport, allgather->sends, size);
    spar_transfers_cancel(allgather->transport, allgather->receives, size);
}

void spar_allgather_destroy(spar_allgather_t *allgather)
{
    if (allgather == NULL) {
        return;
    }
    /* After a failure the network may still use the buffers: they are left
     * to it. */
    if (allgather->phase == PHASE_FAILED &&
        !allgather->transport->cancel_ends) {
        return;
    }
    if (allgather->sends != NULL && allgather->receives != NULL) {
        cancel_all(allgather);
    }
    free(allgather->payloads);
    free(allgather->receives);
    free(allgather->sends);
    free(allgather->peers);
    free(allgather);
}

spar_status_t spar_allgather_reserve(spar_allgather_t *allgather,
                                     spar_values_t values, uint64_t count,
                                     uint64_t entries)
{
    size_t slot_bytes = spar_wire_payload_bound(values, count, entries);
    size_t needed;
    unsigned char *payloads;

    /* Blocks start on cache lines. */
    slot_bytes = (slot_bytes + 63) / 64 * 64;
    if (__builtin_mul_overflow(slot_bytes, (size_t)allgather->transport->size,
                               &needed)) {
        return SPAR_ERR_NO_MEMORY;
    }
    if (needed > allgather->capacity) {
        payloads = aligned_alloc(64, needed);
        if (payloads == NULL) {
            return SPAR_ERR_NO_MEMORY;
        }
        free(allgather->payloads);
        allgather->payloads = payloads;
        allgather->capacity = needed;
    }
    allgather->slot_bytes = slot_bytes;
    return SPAR_OK;
}

static unsigned char *payload_of(const spar_allgather_t *allgather, int rank)
{
    return allgather->payloads + (size_t)rank * allgather->slot_bytes;
}

spar_status_t spar_allgather_encode(spar_allgather_t *allgather,
                                    const spar_selection_t *selection,
                                    uint64_t count, spar_wire_header_t *header)
{
    if (count > UINT32_MAX) {
        return SPAR_ERR_INVALID;
    }
    header->count = count;
    header->first = 0;
    return spar_wire_encode(selection, 0, selection->count, 0, (uint32_t)count,
                            payload_of(allgather, allgather->transport->rank),
                            allgather->slot_bytes, header);
}

static spar_status_t fail(spar_allgather_t *allgather, spar_status_t status,
                          int peer, const char *reason)
{
    cancel_all(allgather);
    allgather->phase = PHASE_FAILED;
    snprintf(allgather->cause, sizeof(allgather->cause),
             "layer %" PRIu32 ", exchange %" PRIu32 ", rank %d: %s",
             allgather->call.header.slot, allgather->call.header.step, peer,
             reason);
    return status;
}

/* Sends to and receives from every other rank. Nearest ranks first, so that
 * not all ranks send to the same one at once. */
static spar_status_t post(spar_allgather_t *allgather, int tag)
{
    spar_transport_t *transport = allgather->transport;

    for (int distance = 1; distance < transport->size; distance++) {
        int to = (transport->rank + distance) % transport->size;
        int from =
            (transport->rank - distance + transport->size) % transport->size;
        const spar_wire_header_t *theirs = &allgather->peers[from].header;
        spar_status_t status;

        if (tag == allgather->header_tag) {
            status = transport->ops->irecv(
                transport, from, tag, allgather->peers[from].header_bytes,
                SPAR_WIRE_HEADER_BYTES, &allgather->receives[from]);
        } else {
            status = theirs->payload_bytes == 0
                         ? SPAR_OK
                         : transport->ops->irecv(transport, from, tag,
                                                 payload_of(allgather, from),
                                                 theirs->payload_bytes,
                                                 &allgather->receives[from]);
        }
        if (status != SPAR_OK) {
            return fail(allgather, status, from, "cannot start to receive");
        }
        if (tag == allgather->header_tag) {
            status = transport->ops->isend(
                transport, to, tag, allgather->header_bytes,
                SPAR_WIRE_HEADER_BYTES, &allgather->sends[to]);
            allgather->bytes_sent += SPAR_WIRE_HEADER_BYTES;
        } else if (allgather->call.header.payload_bytes > 0) {
            status = transport->ops->isend(
                transport, to, tag, payload_of(allgather, transport->rank),
                allgather->call.header.payload_bytes, &allgather->sends[to]);
            allgather->bytes_sent += allgather->call.header.payload_bytes;
        }
        if (status != SPAR_OK) {
            return fail(allgather, status, to, "cannot start to send");
        }
    }
    return SPAR_OK;
}

spar_status_t spar_allgather_start(spar_allgather_t *allgather,
                                   const spar_allgather_call_t *call)
{
    if (allgather->phase != PHASE_IDLE) {
        return SPAR_ERR_INVALID;
    }
    allgather->call = *call;
    allgather->flags = call->header.flags;
    allgather->committed = 0;
    allgather->added = 0;
    allgather->bytes_sent = 0;
    if (call->header.flags != 0) {
        allgather->call.header.selected = 0;
        allgather->call.header.payload_bytes = 0;
    }
    spar_wire_header_pack(&allgather->call.header, allgather->header_bytes);
    allgather->phase = PHASE_HEADERS;
    return post(allgather, allgather->header_tag);
}

/* Why a peer's header cannot belong to this call; NULL: it does. */
static const char *mismatch(const spar_wire_header_t *mine,
                            const spar_wire_header_t *theirs)
{
    if (theirs->slot != mine->slot) {
        return "is in another layer";
    }
    if (theirs->step != mine->step) {
        return "is in another exchange of this layer";
    }
    if (theirs->plan != mine->plan) {
        return "follows another plan";
    }
    if (theirs->count != mine->count || theirs->values != mine->values) {
        return "has another number or type of elements";
    }
    if (theirs->flags == 0 && theirs->span != theirs->count) {
        return "sends a part of the layer only";
    }
    return NULL;
}

static spar_status_t read_headers(spar_allgather_t *allgather)
{
    const char *cause = NULL;

    for (int rank = 0; rank < allgather->transport->size; rank++) {
        peer_block_t *peer = &allgather->peers[rank];
        spar_status_t status;

        if (rank == allgather->transport->rank) {
            continue;
        }
        status = spar_wire_header_unpack(
            peer->header_bytes, SPAR_WIRE_HEADER_BYTES, &peer->header, &cause);
        if (status != SPAR_OK) {
            return fail(allgather, status, rank, cause);
        }
        cause = mismatch(&allgather->call.header, &peer->header);
        if (cause != NULL) {
            return fail(allgather, SPAR_ERR_DISAGREE, rank, cause);
        }
        allgather->flags |= peer->header.flags;
    }
    return SPAR_OK;
}

static spar_status_t progress_headers(spar_allgather_t *allgather)
{
    size_t size = (size_t)allgather->transport->size;
    spar_status_t status =
        spar_transfers_test(allgather->transport, allgather->receives, size);

    if (status == SPAR_OK) {
        status =
            spar_transfers_test(allgather->transport, allgather->sends, size);
    }
    if (status < 0) {
        return fail(allgather, status, allgather->transport->rank,
                    "exchange of headers failed");
    }
    if (status == SPAR_OK) {
        status = read_headers(allgather);
    }
    if (status != SPAR_OK) {
        return status;
    }
    if (allgather->flags != 0) {
        allgather->phase = PHASE_IDLE;
        return SPAR_OK;
    }
    /* A block larger than what was reserved cannot be: entries are bounded
     * by an agreed number. Checked, because the peer may be broken. */
    for (int rank = 0; rank < allgather->transport->size; rank++) {
        if (rank != allgather->transport->rank &&
            allgather->peers[rank].header.payload_bytes >
                allgather->slot_bytes) {
            return fail(allgather, SPAR_ERR_WIRE, rank,
                        "announces more entries than agreed");
        }
    }
    allgather->phase = PHASE_PAYLOADS;
    allgather->moves++;
    status = post(allgather, allgather->payload_tag);
    return status == SPAR_OK ? SPAR_INPROGRESS : status;
}

static void zero_out(const spar_allgather_call_t *call, uint64_t begin,
                     uint64_t end)
{
    size_t size = spar_dtype_size(call->header.dtype);

    __builtin_memset((char *)call->out + begin * size, 0, (end - begin) * size);
}

/* Local work that needs no peer: the next piece of the residual. */
static void commit_piece(spar_allgather_t *allgather)
{
    const spar_allgather_call_t *call = &allgather->call;
    uint64_t begin = allgather->committed;
    uint64_t end = begin + COMMIT_PIECE;

    if (end > call->header.count) {
        end = call->header.count;
    }
    if (call->residual != NULL) {
        spar_residual_commit(call->header.dtype, call->residual, call->gradient,
                             call->out, begin, end);
    } else {
        zero_out(call, begin, end);
    }
    allgather->committed = end;
    allgather->moves++;
    if (end == call->header.count && call->residual != NULL) {
        spar_residual_settle(call->residual, call->selection);
    }
}

/* Adds the blocks that are there, in rank order. */
static spar_status_t add_blocks(spar_allgather_t *allgather)
{
    while (allgather->added < allgather->transport->size) {
        int rank = allgather->added;
        bool own = rank == allgather->transport->rank;
        const spar_wire_header_t *header =
            own ? &allgather->call.header : &allgather->peers[rank].header;
        const char *cause = NULL;
        spar_status_t status;

        if (!own && allgather->receives[rank].handle != NULL) {
            return SPAR_INPROGRESS;
        }
        status =
            spar_wire_add(header, payload_of(allgather, rank),
                          header->payload_bytes, allgather->call.out, &cause);
        if (status != SPAR_OK) {
            return fail(allgather, status, rank, cause);
        }
        allgather->added++;
        allgather->moves++;
    }
    return SPAR_OK;
}

static spar_status_t progress_payloads(spar_allgather_t *allgather)
{
    size_t size = (size_t)allgather->transport->size;
    spar_status_t received =
        spar_transfers_test(allgather->transport, allgather->receives, size);
    spar_status_t sent =
        received < 0
            ? received
            : spar_transfers_test(allgather->transport, allgather->sends, size);
    spar_status_t added;

    if (sent < 0) {
        return fail(allgather, sent, allgather->transport->rank,
                    "exchange of entries failed");
    }
    if (allgather->committed < allgather->call.header.count) {
        commit_piece(allgather);
        return SPAR_INPROGRESS;
    }
    added = add_blocks(allgather);
    if (added != SPAR_OK) {
        return added;
    }
    if (sent != SPAR_OK) {
        return SPAR_INPROGRESS;
    }
    allgather->phase = PHASE_IDLE;
    return SPAR_OK;
}

spar_status_t spar_allgather_progress(spar_allgather_t *allgather)
{
    switch (allgather->phase) {
    case PHASE_HEADERS:
        return progress_headers(allgather);
    case PHASE_PAYLOADS:
        return progress_payloads(allgather);
    case PHASE_IDLE:
    case PHASE_FAILED:
        break;
    }
    return SPAR_ERR_INVALID;
}

uint64_t spar_allgather_moves(const spar_allgather_t *allgather)
{
    return allgather->moves;
}

bool spar_allgather_has_agreed(const spar_allgather_t *allgather)
{
    return allgather->phase != PHASE_HEADERS;
}

uint32_t spar_allgather_flags(const spar_allgather_t *allgather)
{
    return allgather->flags;
}

const char *spar_allgather_cause(const spar_allgather_t *allgather)
{
    return allgather->cause;
}

uint64_t spar_allgather_bytes_sent(const spar_allgather_t *allgather)
{
    return allgather->bytes_sent;
}

size_t spar_allgather_memory(const spar_allgather_t *allgather)
{
    return allgather->capacity;
}
