#include "exchange/ring.h"

#include "exchange/transfers.h"
#include "sparsify/kernels.h"

#include <stdlib.h>

/* Measured: docs/decisions.md, "The dense ring". A message has at most
 * 2^31 - 1 bytes by the transport's contract. */
#define CHUNK_BYTES ((size_t)256 * 1024)
/* Chunks under way in each direction. */
#define WINDOW 4

typedef enum phase {
    PHASE_IDLE,
    PHASE_RUNNING,
    PHASE_FAILED
} phase_t;

/*
 * A call is a sequence of messages to the next rank and an equal one from the
 * previous rank: P-1 steps of partial sums, then P-1 steps of finished
 * segments, `chunks` messages each. What arrives as message m leaves as message
 * m + chunks.
 */
struct spar_ring {
    spar_transport_t *transport;
    int tag;
    phase_t phase;
    spar_dtype_t dtype;
    uint64_t count;
    unsigned char *data;
    uint64_t chunk;    /* elements of a chunk */
    uint64_t chunks;   /* of a segment */
    uint64_t messages; /* in each direction */
    uint64_t posted;   /* messages whose receive is posted */
    uint64_t received; /* and that have arrived and been summed */
    uint64_t sending;  /* messages whose send is posted */
    uint64_t sent;     /* and that have left */
    spar_transfer_t receives[WINDOW];
    spar_transfer_t sends[WINDOW];
    uint64_t bytes_sent;
    uint64_t moves;
    unsigned char *scratch; /* WINDOW partial sums */
    size_t capacity;        /* bytes of each */
};

/* What a message carries. */
typedef struct piece {
    unsigned char *data;
    uint64_t count;
    size_t bytes;
} piece_t;

spar_status_t spar_ring_create(spar_transport_t *transport, int tag,
                               spar_ring_t **ring_p)
{
    spar_ring_t *ring = calloc(1, sizeof(*ring));

    if (ring == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    ring->transport = transport;
    ring->tag = tag;
    *ring_p = ring;
    return SPAR_OK;
}

static void cancel_all(spar_ring_t *ring)
{
    spar_transfers_cancel(ring->transport, ring->receives, WINDOW);
    spar_transfers_cancel(ring->transport, ring->sends, WINDOW);
}

void spar_ring_destroy(spar_ring_t *ring)
{
    /* After a failure the network may still use the scratch. */
    if (ring != NULL &&
        (ring->phase != PHASE_FAILED || ring->transport->cancel_ends)) {
        cancel_all(ring);
        free(ring->scratch);
        free(ring);
    }
}

/* Elements of the largest segment; others may have one less. */
static uint64_t largest_segment(const spar_ring_t *ring, uint64_t count)
{
    uint64_t size = (uint64_t)ring->transport->size;

    return count / size + (count % size != 0);
}

/* Grows with the count, so that room for one layer is room for smaller ones. */
static size_t chunk_bytes(const spar_ring_t *ring, spar_dtype_t dtype,
                          uint64_t count)
{
    size_t element = spar_dtype_size(dtype);
    uint64_t segment = largest_segment(ring, count);

    return segment < CHUNK_BYTES / element ? segment * element : CHUNK_BYTES;
}

spar_status_t spar_ring_reserve(spar_ring_t *ring, spar_dtype_t dtype,
                                uint64_t count)
{
    size_t needed = (chunk_bytes(ring, dtype, count) + 63) / 64 * 64;
    unsigned char *scratch;

    if (needed <= ring->capacity) {
        return SPAR_OK;
    }
    scratch = aligned_alloc(64, WINDOW * needed);
    if (scratch == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    free(ring->scratch);
    ring->scratch = scratch;
    ring->capacity = needed;
    return SPAR_OK;
}

static uint64_t segment_begin(const spar_ring_t *ring, int segment)
{
    uint64_t size = (uint64_t)ring->transport->size;
    uint64_t index = (uint64_t)segment;
    uint64_t rest = ring->count % size;

    return ring->count / size * index + (index < rest ? index : rest);
}

static piece_t piece_of(const spar_ring_t *ring, int segment, uint64_t chunk)
{
    size_t element = spar_dtype_size(ring->dtype);
    uint64_t begin = segment_begin(ring, segment) + chunk * ring->chunk;
    uint64_t end = segment_begin(ring, segment + 1);
    /* Of a segment that is an element short, the last chunk may be empty. */
    uint64_t left = begin < end ? end - begin : 0;
    piece_t piece;

    piece.data = ring->data + begin * element;
    piece.count = left < ring->chunk ? left : ring->chunk;
    piece.bytes = piece.count * element;
    return piece;
}

/* Rank r sends segment r first, then what has just come in: segment r - 1 and
 * so on; so r + 1 is the first that it sends finished. */
static piece_t outgoing(const spar_ring_t *ring, uint64_t message)
{
    int size = ring->transport->size;
    int step = (int)(message / ring->chunks);

    return piece_of(ring, (ring->transport->rank - step + 2 * size) % size,
                    message % ring->chunks);
}

static piece_t incoming(const spar_ring_t *ring, uint64_t message)
{
    return outgoing(ring, message + ring->chunks);
}

/* The first messages are partial sums. */
static uint64_t partial_sums(const spar_ring_t *ring)
{
    return ring->messages / 2;
}

static unsigned char *slot_of(const spar_ring_t *ring, uint64_t message)
{
    return ring->scratch + message % WINDOW * ring->capacity;
}

/* Whether the next message may be received: there is a slot for it, and, where
 * it overwrites data, what was there has left. */
static bool may_post(const spar_ring_t *ring)
{
    return ring->posted < ring->messages &&
           ring->posted < ring->received + WINDOW &&
           (ring->posted < partial_sums(ring) ||
            ring->sent > ring->posted - partial_sums(ring));
}

static spar_status_t post_receives(spar_ring_t *ring)
{
    spar_transport_t *transport = ring->transport;
    int previous = (transport->rank - 1 + transport->size) % transport->size;
    spar_status_t status = SPAR_OK;

    for (; status == SPAR_OK && may_post(ring); ring->posted++) {
        piece_t piece = incoming(ring, ring->posted);
        void *target = ring->posted < partial_sums(ring)
                           ? slot_of(ring, ring->posted)
                           : piece.data;

        if (piece.bytes > 0) {
            status = transport->ops->irecv(
                transport, previous, ring->tag, target, piece.bytes,
                &ring->receives[ring->posted % WINDOW]);
        }
    }
    return status;
}

static bool may_send(const spar_ring_t *ring)
{
    return ring->sending < ring->messages &&
           ring->sending < ring->sent + WINDOW &&
           ring->sending < ring->received + ring->chunks;
}

static spar_status_t post_sends(spar_ring_t *ring)
{
    spar_transport_t *transport = ring->transport;
    int next = (transport->rank + 1) % transport->size;
    spar_status_t status = SPAR_OK;

    for (; status == SPAR_OK && may_send(ring); ring->sending++) {
        piece_t piece = outgoing(ring, ring->sending);

        if (piece.bytes > 0) {
            status = transport->ops->isend(
                transport, next, ring->tag, piece.data, piece.bytes,
                &ring->sends[ring->sending % WINDOW]);
            ring->bytes_sent += piece.bytes;
        }
    }
    return status;
}

static spar_status_t post(spar_ring_t *ring)
{
    spar_status_t status = post_receives(ring);

    return status == SPAR_OK ? post_sends(ring) : status;
}

/* The outcome of a step; an error is the end. */
static spar_status_t settle(spar_ring_t *ring, spar_status_t status)
{
    if (status < 0) {
        cancel_all(ring);
        ring->phase = PHASE_FAILED;
    }
    return status;
}

spar_status_t spar_ring_start(spar_ring_t *ring, spar_dtype_t dtype,
                              uint64_t count, void *data)
{
    uint64_t steps = 2 * (uint64_t)(ring->transport->size - 1);
    size_t bytes = chunk_bytes(ring, dtype, count);

    if (ring->phase != PHASE_IDLE || bytes > ring->capacity) {
        return SPAR_ERR_INVALID;
    }
    ring->dtype = dtype;
    ring->count = count;
    ring->data = data;
    ring->chunk = bytes / spar_dtype_size(dtype);
    ring->chunks =
        bytes == 0 ? 0 : (largest_segment(ring, count) - 1) / ring->chunk + 1;
    ring->messages = steps * ring->chunks;
    ring->posted = ring->received = 0;
    ring->sending = ring->sent = 0;
    ring->bytes_sent = 0;
    ring->phase = PHASE_RUNNING;
    return settle(ring, post(ring));
}

static void add(const spar_ring_t *ring, uint64_t message)
{
    piece_t piece = incoming(ring, message);
    void *part = slot_of(ring, message);

    /* The kernel of the residual: the first operand += the second. */
    if (ring->dtype == SPAR_DTYPE_F64) {
        spar_kernels()->commit_f64((double *)piece.data, part, NULL,
                                   piece.count);
    } else {
        spar_kernels()->commit_f32((float *)piece.data, part, NULL,
                                   piece.count);
    }
}

/* Messages arrive in order: only the oldest is looked at. */
static spar_status_t take_receive(spar_ring_t *ring)
{
    spar_transfer_t *receive = &ring->receives[ring->received % WINDOW];
    spar_status_t status;

    if (ring->received == ring->posted) {
        return SPAR_INPROGRESS;
    }
    status = spar_transfers_test(ring->transport, receive, 1);
    if (status == SPAR_OK) {
        size_t bytes = incoming(ring, ring->received).bytes;

        if (bytes > 0 && receive->bytes != bytes) {
            return SPAR_ERR_TRANSPORT;
        }
        if (ring->received < partial_sums(ring)) {
            add(ring, ring->received);
        }
        ring->received++;
        ring->moves++;
    }
    return status;
}

static spar_status_t take_sends(spar_ring_t *ring)
{
    spar_status_t status = SPAR_OK;

    while (status == SPAR_OK && ring->sent < ring->sending) {
        status = spar_transfers_test(ring->transport,
                                     &ring->sends[ring->sent % WINDOW], 1);
        if (status == SPAR_OK) {
            ring->sent++;
            ring->moves++;
        }
    }
    return status;
}

/* Whether nothing else can happen before a send is done. Otherwise sends are
 * not asked after: a test that fails may give the processor away. */
static bool waits_for_sends(const spar_ring_t *ring)
{
    return ring->received == ring->posted ||
           ring->sending == ring->sent + WINDOW;
}

static spar_status_t advance(spar_ring_t *ring)
{
    spar_status_t status = take_receive(ring);

    if (status >= 0 && waits_for_sends(ring)) {
        status = take_sends(ring);
    }
    return status < 0 ? status : post(ring);
}

spar_status_t spar_ring_progress(spar_ring_t *ring)
{
    spar_status_t status;

    if (ring->phase != PHASE_RUNNING) {
        return ring->phase == PHASE_IDLE ? SPAR_OK : SPAR_ERR_INVALID;
    }
    status = settle(ring, advance(ring));
    if (status < 0) {
        return status;
    }
    if (ring->received < ring->messages || ring->sent < ring->messages) {
        return SPAR_INPROGRESS;
    }
    ring->phase = PHASE_IDLE;
    return SPAR_OK;
}

uint64_t spar_ring_moves(const spar_ring_t *ring)
{
    return ring->moves;
}

uint64_t spar_ring_bytes_sent(const spar_ring_t *ring)
{
    return ring->bytes_sent;
}

size_t spar_ring_memory(const spar_ring_t *ring)
{
    return WINDOW * ring->capacity;
}
