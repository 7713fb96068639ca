/* Layers of more than 2^31 elements, without the memory for them: the same few
 * pages stand behind all of the layer, so sums are not looked at, but every
 * message is. */
#include "unit.h"

#include "exchange/ring.h"

#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT   (((uint64_t)1 << 31) + 12345)
#define WINDOW  ((size_t)64 << 20)
#define RANKS   2
#define ELEMENT sizeof(float)

/* A transport on which everything is done at once. */
typedef struct watched {
    spar_transport_t transport;
    unsigned char *layer;
    uint64_t sent;     /* bytes */
    uint64_t scratch;  /* bytes received outside of the layer */
    uint64_t received; /* and into it */
    size_t longest;
} watched_t;

static bool is_within(const watched_t *watched, const unsigned char *data)
{
    return data >= watched->layer && data < watched->layer + COUNT * ELEMENT;
}

static void look(watched_t *watched, const unsigned char *data, size_t bytes)
{
    assert_true(bytes > 0 && bytes <= INT_MAX);
    assert_int_equal(is_within(watched, data),
                     is_within(watched, data + bytes - 1));
    if (bytes > watched->longest) {
        watched->longest = bytes;
    }
}

static spar_status_t watched_isend(spar_transport_t *transport, int peer,
                                   int tag, const void *data, size_t bytes,
                                   spar_transfer_t *transfer_p)
{
    watched_t *watched = (watched_t *)transport;

    (void)peer;
    (void)tag;
    look(watched, data, bytes);
    assert_true(is_within(watched, data));
    watched->sent += bytes;
    transfer_p->handle = watched;
    return SPAR_OK;
}

static spar_status_t watched_irecv(spar_transport_t *transport, int peer,
                                   int tag, void *data, size_t bytes,
                                   spar_transfer_t *transfer_p)
{
    watched_t *watched = (watched_t *)transport;

    (void)peer;
    (void)tag;
    look(watched, data, bytes);
    if (is_within(watched, data)) {
        watched->received += bytes;
    } else {
        watched->scratch += bytes;
    }
    transfer_p->handle = watched;
    transfer_p->bytes = bytes;
    return SPAR_OK;
}

static spar_status_t watched_test(spar_transport_t *transport,
                                  spar_transfer_t *transfer)
{
    (void)transport;
    transfer->handle = NULL;
    return SPAR_OK;
}

static void watched_cancel(spar_transport_t *transport,
                           spar_transfer_t *transfer)
{
    (void)transport;
    transfer->handle = NULL;
}

static const spar_transport_ops_t watched_ops = {watched_isend, watched_irecv,
                                                 watched_test, watched_cancel};

static size_t mapped_bytes(void)
{
    return (COUNT * ELEMENT / WINDOW + 1) * WINDOW;
}

/* NULL: not on this machine. */
static unsigned char *map_layer(void)
{
    size_t bytes = mapped_bytes();
    unsigned char *layer =
        mmap(NULL, bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int file = memfd_create("layer", 0);

    if (layer == MAP_FAILED || file < 0 || ftruncate(file, WINDOW) != 0) {
        return NULL;
    }
    for (size_t at = 0; at < bytes; at += WINDOW) {
        if (mmap(layer + at, WINDOW, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
            return NULL;
        }
    }
    close(file);
    return layer;
}

static void more_than_2_31_elements_travel_whole(void **state)
{
    watched_t watched = {.transport = {.ops = &watched_ops,
                                       .rank = 1,
                                       .size = RANKS,
                                       .cancel_ends = true},
                         .layer = map_layer()};
    uint64_t first = (COUNT + 1) / RANKS * ELEMENT;
    uint64_t second = COUNT / RANKS * ELEMENT;
    spar_status_t status;
    spar_ring_t *ring;

    (void)state;
    if (watched.layer == NULL) {
        skip();
    }
    assert_int_equal(spar_ring_create(&watched.transport, 3, &ring), SPAR_OK);
    assert_int_equal(spar_ring_reserve(ring, SPAR_DTYPE_F32, COUNT), SPAR_OK);
    assert_int_equal(
        spar_ring_start(ring, SPAR_DTYPE_F32, COUNT, watched.layer), SPAR_OK);
    do {
        status = spar_ring_progress(ring);
    } while (status == SPAR_INPROGRESS);
    assert_int_equal(status, SPAR_OK);
    /* Rank 1 sends its partial sum of segment 1, gets that of segment 0, which
     * it finishes and sends, and gets the finished segment 1. */
    assert_int_equal(watched.scratch, first);
    assert_int_equal(watched.received, second);
    assert_int_equal(watched.sent, first + second);
    assert_int_equal(spar_ring_bytes_sent(ring), first + second);
    assert_true(watched.longest * 4 <= spar_ring_memory(ring));
    spar_ring_destroy(ring);
    munmap(watched.layer, mapped_bytes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_2_31_elements_travel_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
