#include "unit.h"

#include "exchange/ring.h"
#include "exchange/simulated.h"
#include "exchange/simulated_events.h"

#include <math.h>
#include <stdlib.h>

#define LATENCY  1e-3
#define OVERHEAD 1e-4
#define BYTE     1e-6
/* A message of 100 bytes on an interface. */
#define HUNDRED (OVERHEAD + 100 * BYTE)

static spar_simulated_t *create(int ranks, int per_node)
{
    spar_simulated_network_t network = {
        .ranks = ranks,
        .per_node = per_node,
        .node = {LATENCY / 10, OVERHEAD / 10, BYTE / 10},
        .network = {LATENCY, OVERHEAD, BYTE}};
    spar_simulated_t *simulated;

    assert_int_equal(spar_simulated_create(&network, &simulated), SPAR_OK);
    return simulated;
}

static void assert_near(double value, double wanted)
{
    if (fabs(value - wanted) > 1e-9 * fabs(wanted)) {
        fail_msg("%.12g instead of %.12g", value, wanted);
    }
}

static spar_transfer_t isend(spar_simulated_t *simulated, int from, int to,
                             const char *text, size_t bytes)
{
    spar_transport_t *transport = spar_simulated_transport(simulated, from);
    spar_transfer_t transfer = {0};

    assert_int_equal(
        transport->ops->isend(transport, to, 5, text, bytes, &transfer),
        SPAR_OK);
    return transfer;
}

static spar_transfer_t irecv(spar_simulated_t *simulated, int at, int from,
                             char *text, size_t bytes)
{
    spar_transport_t *transport = spar_simulated_transport(simulated, at);
    spar_transfer_t transfer = {0};

    assert_int_equal(
        transport->ops->irecv(transport, from, 5, text, bytes, &transfer),
        SPAR_OK);
    return transfer;
}

/* Seconds until a transfer of this rank is done. */
static double when(spar_simulated_t *simulated, int rank,
                   spar_transfer_t *transfer)
{
    spar_transport_t *transport = spar_simulated_transport(simulated, rank);
    spar_status_t status = transport->ops->test(transport, transfer);

    while (status == SPAR_INPROGRESS) {
        assert_true(spar_simulated_advance(simulated) >= 0);
        status = transport->ops->test(transport, transfer);
    }
    assert_int_equal(status, SPAR_OK);
    assert_null(transfer->handle);
    return spar_simulated_now(simulated);
}

static void one_message_takes_latency_and_its_length(void **state)
{
    spar_simulated_t *simulated = create(2, 1);
    char text[100] = "a gradient", copy[100] = "";
    spar_transfer_t sent = isend(simulated, 0, 1, text, 100);
    spar_transfer_t received = irecv(simulated, 1, 0, copy, 100);

    (void)state;
    text[0] = 'b'; /* what was sent is sent */
    assert_near(when(simulated, 0, &sent), HUNDRED);
    assert_near(when(simulated, 1, &received), HUNDRED + LATENCY);
    assert_string_equal(copy, "a gradient");
    assert_int_equal(received.bytes, 100);
    assert_int_equal(spar_simulated_advance(simulated), -1);
    spar_simulated_destroy(simulated);
}

static void messages_wait_for_their_senders_interface(void **state)
{
    spar_simulated_t *simulated = create(4, 1);
    char text[100] = "", copy[4][100];
    spar_transfer_t sent[4], received[4];

    (void)state;
    for (int to = 1; to < 4; to++) {
        sent[to] = isend(simulated, 0, to, text, 100);
        received[to] = irecv(simulated, to, 0, copy[to], 100);
    }
    assert_near(when(simulated, 3, &received[3]), 3 * HUNDRED + LATENCY);
    for (int to = 1; to < 4; to++) {
        when(simulated, 0, &sent[to]);
        if (to < 3) {
            when(simulated, to, &received[to]);
        }
    }
    spar_simulated_destroy(simulated);
}

static void messages_wait_for_their_receivers_interface(void **state)
{
    spar_simulated_t *simulated = create(4, 1);
    char text[100] = "", copy[4][100];
    spar_transfer_t sent[4], received[4];
    double last = 0;

    (void)state;
    for (int from = 1; from < 4; from++) {
        sent[from] = isend(simulated, from, 0, text, 100);
        received[from] = irecv(simulated, 0, from, copy[from], 100);
    }
    for (int from = 1; from < 4; from++) {
        assert_near(when(simulated, 0, &received[from]),
                    LATENCY + from * HUNDRED);
        last = when(simulated, from, &sent[from]);
    }
    assert_near(last, LATENCY + 3 * HUNDRED);
    spar_simulated_destroy(simulated);
}

static void both_directions_work_at_the_same_time(void **state)
{
    spar_simulated_t *simulated = create(2, 1);
    char text[100] = "", copy[2][100];
    spar_transfer_t sent[2], received[2];

    (void)state;
    for (int rank = 0; rank < 2; rank++) {
        sent[rank] = isend(simulated, rank, 1 - rank, text, 100);
        received[rank] = irecv(simulated, rank, 1 - rank, copy[rank], 100);
    }
    for (int rank = 0; rank < 2; rank++) {
        assert_near(when(simulated, rank, &received[rank]), HUNDRED + LATENCY);
        when(simulated, rank, &sent[rank]);
    }
    spar_simulated_destroy(simulated);
}

static void ranks_of_a_node_share_its_interface_but_not_their_own(void **state)
{
    spar_simulated_t *simulated = create(6, 3);
    char text[100] = "", copy[6][100];
    spar_transfer_t sent[6], received[6];

    (void)state;
    /* ranks 0 to 2 to the other node, one behind the other */
    for (int rank = 0; rank < 3; rank++) {
        sent[rank] = isend(simulated, rank, rank + 3, text, 100);
        received[rank] = irecv(simulated, rank + 3, rank, copy[rank], 100);
    }
    /* ranks 3 to 5 among each other, all at once */
    for (int rank = 3; rank < 6; rank++) {
        int to = 3 + (rank + 1) % 3;

        sent[rank] = isend(simulated, rank, to, text, 100);
        received[rank] = irecv(simulated, to, rank, copy[rank], 100);
    }
    for (int rank = 3; rank < 6; rank++) {
        assert_near(when(simulated, 3 + (rank + 1) % 3, &received[rank]),
                    (HUNDRED + LATENCY) / 10);
    }
    assert_near(when(simulated, 5, &received[2]), 3 * HUNDRED + LATENCY);
    for (int rank = 0; rank < 6; rank++) {
        when(simulated, rank, &sent[rank]);
        if (rank < 2) {
            when(simulated, rank + 3, &received[rank]);
        }
    }
    spar_simulated_destroy(simulated);
}

static void pairs_keep_their_order(void **state)
{
    spar_simulated_t *simulated = create(2, 2);
    char first[8] = "first", second[4] = "2nd", copy[2][8];
    spar_transfer_t sent[2], received[2];

    (void)state;
    sent[0] = isend(simulated, 1, 0, first, 8);
    sent[1] = isend(simulated, 1, 0, second, 4);
    received[0] = irecv(simulated, 0, 1, copy[0], 8);
    received[1] = irecv(simulated, 0, 1, copy[1], 8);
    when(simulated, 0, &received[0]);
    when(simulated, 0, &received[1]);
    assert_string_equal(copy[0], "first");
    assert_string_equal(copy[1], "2nd");
    assert_int_equal(received[1].bytes, 4);
    when(simulated, 1, &sent[0]);
    when(simulated, 1, &sent[1]);
    spar_simulated_destroy(simulated);
}

static void a_message_longer_than_its_room_is_an_error(void **state)
{
    spar_simulated_t *simulated = create(2, 1);
    spar_transport_t *transport = spar_simulated_transport(simulated, 1);
    char text[100] = "", copy[100];
    spar_transfer_t sent = isend(simulated, 0, 1, text, 100);
    spar_transfer_t received = irecv(simulated, 1, 0, copy, 99);

    (void)state;
    when(simulated, 0, &sent);
    while (spar_simulated_advance(simulated) >= 0) {
    }
    assert_int_equal(transport->ops->test(transport, &received),
                     SPAR_ERR_TRANSPORT);
    assert_null(received.handle);
    spar_simulated_destroy(simulated);
}

static void what_is_given_up_leaves_nothing(void **state)
{
    spar_simulated_t *simulated = create(3, 1);
    spar_transport_t *transport = spar_simulated_transport(simulated, 0);
    char text[100] = "", copy[100];
    spar_transfer_t sent[2], received;

    (void)state;
    sent[0] = isend(simulated, 0, 1, text, 100);
    sent[1] = isend(simulated, 0, 2, text, 100);
    received = irecv(simulated, 0, 1, copy, 100);
    transport->ops->cancel(transport, &sent[0]);
    transport->ops->cancel(transport, &sent[1]);
    transport->ops->cancel(transport, &received);
    assert_null(sent[0].handle);
    assert_null(received.handle);
    /* The messages themselves go on. */
    assert_int_equal(spar_simulated_advance(simulated), 0);
    spar_simulated_destroy(simulated);
    spar_simulated_destroy(NULL);
}

static void networks_without_ranks_are_refused(void **state)
{
    spar_simulated_network_t network = {.ranks = 0, .per_node = 1};
    spar_simulated_t *simulated = NULL;

    (void)state;
    assert_int_equal(spar_simulated_create(&network, &simulated),
                     SPAR_ERR_INVALID);
    network.ranks = 1;
    network.per_node = 0;
    assert_int_equal(spar_simulated_create(&network, &simulated),
                     SPAR_ERR_INVALID);
    assert_null(simulated);
}

/* Seconds of a ring over `count` floats. */
static double ring_seconds(int ranks, uint64_t count)
{
    spar_simulated_t *simulated = create(ranks, 1);
    spar_ring_t *rings[64];
    float *data = calloc(count * (uint64_t)ranks, sizeof(*data));
    double seconds;
    int left = ranks;

    for (int rank = 0; rank < ranks; rank++) {
        spar_transport_t *transport = spar_simulated_transport(simulated, rank);

        assert_int_equal(spar_ring_create(transport, 1, &rings[rank]), SPAR_OK);
        assert_int_equal(spar_ring_reserve(rings[rank], SPAR_DTYPE_F32, count),
                         SPAR_OK);
        data[(uint64_t)rank * count] = 1;
        assert_int_equal(spar_ring_start(rings[rank], SPAR_DTYPE_F32, count,
                                         data + (uint64_t)rank * count),
                         SPAR_OK);
    }
    while (left > 0) {
        int rank = spar_simulated_advance(simulated);

        assert_true(rank >= 0);
        left -= spar_ring_progress(rings[rank]) == SPAR_OK;
    }
    seconds = spar_simulated_now(simulated);
    for (int rank = 0; rank < ranks; rank++) {
        assert_true(data[(uint64_t)rank * count] == (float)ranks);
        spar_ring_destroy(rings[rank]);
    }
    free(data);
    spar_simulated_destroy(simulated);
    return seconds;
}

static void a_ring_takes_what_theory_says(void **state)
{
    (void)state;
    for (int ranks = 2; ranks <= 64; ranks++) {
        uint64_t part = 40;

        assert_near(ring_seconds(ranks, part * (uint64_t)ranks),
                    2 * (ranks - 1) *
                        (LATENCY + OVERHEAD + (double)part * 4 * BYTE));
    }
}

static void events_come_in_the_order_of_their_times(void **state)
{
    spar_events_t events = {0};
    spar_event_t event;
    double before = -1;
    int kind = -1;

    (void)state;
    assert_false(spar_events_take(&events, &event));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(spar_events_add(&events, i * 7919 % 100, i, &events),
                         SPAR_OK);
    }
    for (int i = 0; i < 1000; i++) {
        assert_true(spar_events_take(&events, &event));
        assert_true(event.time > before ||
                    (event.time == before && event.kind > kind));
        assert_int_equal(event.kind * 7919 % 100, (int)event.time);
        before = event.time;
        kind = event.kind;
    }
    assert_false(spar_events_take(&events, &event));
    spar_events_cleanup(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_takes_latency_and_its_length),
        cmocka_unit_test(messages_wait_for_their_senders_interface),
        cmocka_unit_test(messages_wait_for_their_receivers_interface),
        cmocka_unit_test(both_directions_work_at_the_same_time),
        cmocka_unit_test(ranks_of_a_node_share_its_interface_but_not_their_own),
        cmocka_unit_test(pairs_keep_their_order),
        cmocka_unit_test(a_message_longer_than_its_room_is_an_error),
        cmocka_unit_test(what_is_given_up_leaves_nothing),
        cmocka_unit_test(networks_without_ranks_are_refused),
        cmocka_unit_test(a_ring_takes_what_theory_says),
        cmocka_unit_test(events_come_in_the_order_of_their_times)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
