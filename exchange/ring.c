#include "exchange/ring.h"

#include "exchange/transfers.h"

#include <stdlib.h>

typedef enum phase {
    PHASE_IDLE,
    PHASE_REDUCE, /* partial sums go round */
    PHASE_GATHER, /* finished segments go round */
    PHASE_FAILED
} phase_t;

struct spar_ring {
    spar_transport_t *transport;
    int tag;
    phase_t phase;
    spar_dtype_t dtype;
    uint64_t count;
    unsigned char *data;
    int step; /* of the present phase, 0 to size - 2 */
    spar_transfer_t transfers[2];
    uint64_t bytes_sent;
    void *scratch; /* one segment */
    size_t capacity;
};

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

void spar_ring_destroy(spar_ring_t *ring)
{
    /* After a failure the network may still use the scratch. */
    if (ring != NULL &&
        (ring->phase != PHASE_FAILED || ring->transport->cancel_ends)) {
        spar_transfers_cancel(ring->transport, ring->transfers, 2);
        free(ring->scratch);
        free(ring);
    }
}

/* First element of a segment; segments differ by at most one element. */
static uint64_t segment_begin(const spar_ring_t *ring, int segment)
{
    uint64_t size = (uint64_t)ring->transport->size;
    uint64_t index = (uint64_t)segment;
    uint64_t rest = ring->count % size;

    return ring->count / size * index + (index < rest ? index : rest);
}

static size_t segment_bytes(const spar_ring_t *ring, int segment)
{
    return (segment_begin(ring, segment + 1) - segment_begin(ring, segment)) *
           spar_dtype_size(ring->dtype);
}

static unsigned char *segment_data(const spar_ring_t *ring, int segment)
{
    return ring->data +
           segment_begin(ring, segment) * spar_dtype_size(ring->dtype);
}

spar_status_t spar_ring_reserve(spar_ring_t *ring, spar_dtype_t dtype,
                                uint64_t count)
{
    uint64_t size = (uint64_t)ring->transport->size;
    size_t needed = (count / size + 1) * spar_dtype_size(dtype);
    void *scratch;

    if (needed <= ring->capacity) {
        return SPAR_OK;
    }
    scratch = malloc(needed);
    if (scratch == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    free(ring->scratch);
    ring->scratch = scratch;
    ring->capacity = needed;
    return SPAR_OK;
}

/* The segment that leaves in a step; the one that comes in is the one before
 * it. In the reduce phase rank r starts with segment r and ends up with the
 * finished segment r + 1, which it sends first in the gather phase. */
static int outgoing(const spar_ring_t *ring)
{
    int size = ring->transport->size;
    int shift = ring->phase == PHASE_GATHER ? 1 : 0;

    return (ring->transport->rank + shift - ring->step + 2 * size) % size;
}

static int incoming(const spar_ring_t *ring)
{
    int size = ring->transport->size;

    return (outgoing(ring) - 1 + size) % size;
}

static spar_status_t post(spar_ring_t *ring)
{
    spar_transport_t *transport = ring->transport;
    int next = (transport->rank + 1) % transport->size;
    int previous = (transport->rank - 1 + transport->size) % transport->size;
    int in = incoming(ring);
    int out = outgoing(ring);
    void *target =
        ring->phase == PHASE_REDUCE ? ring->scratch : segment_data(ring, in);
    spar_status_t status =
        transport->ops->irecv(transport, previous, ring->tag, target,
                              segment_bytes(ring, in), &ring->transfers[0]);

    if (status == SPAR_OK) {
        status = transport->ops->isend(
            transport, next, ring->tag, segment_data(ring, out),
            segment_bytes(ring, out), &ring->transfers[1]);
        ring->bytes_sent += segment_bytes(ring, out);
    }
    return status;
}

static spar_status_t fail(spar_ring_t *ring, spar_status_t status)
{
    spar_transfers_cancel(ring->transport, ring->transfers, 2);
    ring->phase = PHASE_FAILED;
    return status;
}

spar_status_t spar_ring_start(spar_ring_t *ring, spar_dtype_t dtype,
                              uint64_t count, void *data)
{
    spar_status_t status;

    if (ring->phase != PHASE_IDLE) {
        return SPAR_ERR_INVALID;
    }
    ring->dtype = dtype;
    ring->count = count;
    ring->data = data;
    ring->step = 0;
    ring->bytes_sent = 0;
    if (ring->transport->size == 1) {
        return SPAR_OK;
    }
    ring->phase = PHASE_REDUCE;
    status = post(ring);
    return status == SPAR_OK ? SPAR_OK : fail(ring, status);
}

static void add_segment(const spar_ring_t *ring, int segment)
{
    uint64_t count =
        segment_begin(ring, segment + 1) - segment_begin(ring, segment);

    if (ring->dtype == SPAR_DTYPE_F64) {
        double *sum = (double *)segment_data(ring, segment);
        const double *part = ring->scratch;

        for (uint64_t i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    } else {
        float *sum = (float *)segment_data(ring, segment);
        const float *part = ring->scratch;

        for (uint64_t i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}

/* The present step's transfers are done. */
static void next_step(spar_ring_t *ring)
{
    if (ring->phase == PHASE_REDUCE) {
        add_segment(ring, incoming(ring));
    }
    ring->step++;
    if (ring->step == ring->transport->size - 1) {
        ring->step = 0;
        ring->phase = ring->phase == PHASE_REDUCE ? PHASE_GATHER : PHASE_IDLE;
    }
}

spar_status_t spar_ring_progress(spar_ring_t *ring)
{
    spar_status_t status;

    if (ring->phase == PHASE_FAILED) {
        return SPAR_ERR_INVALID;
    }
    if (ring->phase == PHASE_IDLE) {
        return SPAR_OK; /* one rank */
    }
    status = spar_transfers_test(ring->transport, ring->transfers, 2);
    if (status < 0) {
        return fail(ring, status);
    }
    if (status == SPAR_INPROGRESS) {
        return status;
    }
    if (ring->transfers[0].bytes != segment_bytes(ring, incoming(ring))) {
        return fail(ring, SPAR_ERR_TRANSPORT);
    }
    next_step(ring);
    if (ring->phase == PHASE_IDLE) {
        return SPAR_OK;
    }
    status = post(ring);
    return status == SPAR_OK ? SPAR_INPROGRESS : fail(ring, status);
}

uint64_t spar_ring_bytes_sent(const spar_ring_t *ring)
{
    return ring->bytes_sent;
}

size_t spar_ring_memory(const spar_ring_t *ring)
{
    return ring->capacity;
}
