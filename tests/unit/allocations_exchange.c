/*
 * Machines whose memory is refused, at every allocation in turn: they say so,
 * keep nothing, and go on as soon as there is memory again. While a call is
 * under way they ask for none.
 */
#include "algorithms.h"
#include "failing.h"

#include "exchange/ring.h"

#include <stdlib.h>

#define RANKS 6

typedef struct making {
    const job_algorithm_t *algorithm;
    job_t job;
    spar_exchange_t *exchange;
} making_t;

static void no_cleanup(void *thing)
{
    (void)thing;
}

static void begin_job(void *thing)
{
    making_t *making = thing;

    job_setup(&making->job, making->algorithm,
              &(job_shape_t){.size = RANKS, .count = 50, .k = 7});
    making->exchange = NULL;
}

static void end_job(void *thing)
{
    making_t *making = thing;

    job_teardown(&making->job);
}

static spar_status_t create(void *thing)
{
    making_t *making = thing;

    return making->algorithm->create(
        &making->job, spar_loopback_transport(making->job.loopback, 1),
        &making->exchange);
}

static void check_created(void *thing, spar_status_t status)
{
    making_t *making = thing;

    if (status != SPAR_OK) {
        assert_int_equal(status, SPAR_ERR_NO_MEMORY);
        assert_null(making->exchange);
    }
    spar_exchange_destroy(making->exchange);
}

static void machines_are_made_whole_or_not_at_all(void **state)
{
    static making_t making;

    (void)state;
    for (size_t i = 0; i < JOB_ALGORITHMS; i++) {
        const failing_case_t what = {begin_job, create, check_created, end_job};

        making.algorithm = &job_algorithms[i];
        assert_true(failing_everywhere(&what, &making) >= 3);
    }
}

/* Rank 0 leads a node. */
static spar_status_t reserve(void *thing)
{
    making_t *making = thing;
    const bool dense = making->algorithm->dense;
    const spar_exchange_size_t larger = {
        .dtype = dense ? SPAR_DTYPE_F32 : SPAR_DTYPE_F64,
        .values = dense ? SPAR_VALUES_F32 : SPAR_VALUES_F64,
        .count = 9000,
        .entries = 4000,
        .feedback = !dense};

    return spar_exchange_reserve(making->job.ranks[0].exchange, &larger);
}

static void check_reserved(void *thing, spar_status_t status)
{
    making_t *making = thing;
    job_t *job = &making->job;
    const spar_exchange_size_t size = job_room(job);

    if (status != SPAR_OK) {
        assert_int_equal(status, SPAR_ERR_NO_MEMORY);
        job_fill(job);
        job_start(job, 0);
        assert_int_equal(job->ranks[0].status, SPAR_ERR_INVALID);
        job->ranks[0].step--;
        /* All it can do is to say so. */
        job->ranks[0].flags = SPAR_WIRE_NO_MEMORY;
        assert_true(job_step(job));
        job_check_untouched(job, SPAR_WIRE_NO_MEMORY);
        job->ranks[0].flags = 0;
    }
    /* What is smaller has room all the same. */
    assert_int_equal(spar_exchange_reserve(job->ranks[0].exchange, &size),
                     SPAR_OK);
    assert_true(job_step(job));
    job_check(job);
}

static void a_rank_without_room_says_so_and_goes_on(void **state)
{
    static making_t making;

    (void)state;
    for (size_t i = 0; i < JOB_ALGORITHMS; i++) {
        const failing_case_t what = {begin_job, reserve, check_reserved,
                                     end_job};

        making.algorithm = &job_algorithms[i];
        assert_true(failing_everywhere(&what, &making) >= 1);
    }
}

/* Machines of one kind whose start and progress find no memory at all. The
 * network's own may. */
static const spar_exchange_ops_t *machine_ops;
static const spar_transport_ops_t *network_ops;
static uint64_t asked;

static spar_status_t start_starved(spar_exchange_t *exchange)
{
    spar_status_t status;

    failing_begin(1, true);
    status = machine_ops->start(exchange);
    (void)failing_end();
    asked += failing_allocations();
    return status;
}

static spar_status_t progress_starved(spar_exchange_t *exchange)
{
    spar_status_t status;

    failing_begin(1, true);
    status = machine_ops->progress(exchange);
    (void)failing_end();
    asked += failing_allocations();
    return status;
}

static spar_status_t fed_isend(spar_transport_t *transport, int peer, int tag,
                               const void *data, size_t bytes,
                               spar_transfer_t *transfer_p)
{
    spar_status_t status;

    failing_pause();
    status = network_ops->isend(transport, peer, tag, data, bytes, transfer_p);
    failing_resume();
    return status;
}

static spar_status_t fed_irecv(spar_transport_t *transport, int peer, int tag,
                               void *data, size_t bytes,
                               spar_transfer_t *transfer_p)
{
    spar_status_t status;

    failing_pause();
    status = network_ops->irecv(transport, peer, tag, data, bytes, transfer_p);
    failing_resume();
    return status;
}

static void starve(job_t *job, spar_exchange_ops_t *starved,
                   spar_transport_ops_t *fed)
{
    machine_ops = job->ranks[0].exchange->ops;
    *starved = *machine_ops;
    starved->start = start_starved;
    starved->progress = progress_starved;
    network_ops = spar_loopback_transport(job->loopback, 0)->ops;
    *fed = *network_ops;
    fed->isend = fed_isend;
    fed->irecv = fed_irecv;
    for (int rank = 0; rank < job->shape.size; rank++) {
        job->ranks[rank].exchange->ops = starved;
        spar_loopback_transport(job->loopback, rank)->ops = fed;
    }
}

static void run_starved(const job_algorithm_t *algorithm, unsigned variant)
{
    const bool wide = (variant & 4) != 0;
    spar_exchange_ops_t starved;
    spar_transport_ops_t fed;
    job_t *job = malloc(sizeof(*job));

    assert_non_null(job);
    job_setup(job, algorithm,
              &(job_shape_t){.size = RANKS,
                             .count = 900,
                             .k = variant & 8 ? 900 : 60,
                             .dtype = wide ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                             .values = wide ? SPAR_VALUES_F64 : SPAR_VALUES_F32,
                             .eager = (variant & 1) != 0,
                             .lossless = (variant & 2) != 0,
                             .clustered = true,
                             .faults = {.max_delay = 3}});
    starve(job, &starved, &fed);
    asked = 0;
    for (int step = 0; step < 3; step++) {
        assert_true(job_step(job));
        job_check(job);
    }
    assert_int_equal(asked, 0);
    job_teardown(job);
    free(job);
}

static void calls_under_way_ask_for_no_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < JOB_ALGORITHMS; i++) {
        for (unsigned variant = 0; variant < 16; variant++) {
            run_starved(&job_algorithms[i], variant);
        }
    }
}

typedef struct ring_making {
    spar_loopback_t *loopback;
    spar_ring_t *rings[2];
} ring_making_t;

static void begin_ring(void *thing)
{
    ring_making_t *making = thing;

    *making = (ring_making_t){0};
    assert_int_equal(spar_loopback_create(2, NULL, &making->loopback), SPAR_OK);
    assert_int_equal(
        spar_ring_create(spar_loopback_transport(making->loopback, 1), 1,
                         &making->rings[1]),
        SPAR_OK);
    assert_int_equal(spar_ring_reserve(making->rings[1], SPAR_DTYPE_F32, 100),
                     SPAR_OK);
}

static spar_status_t make_ring(void *thing)
{
    ring_making_t *making = thing;
    spar_status_t status = spar_ring_create(
        spar_loopback_transport(making->loopback, 0), 1, &making->rings[0]);

    return status == SPAR_OK
               ? spar_ring_reserve(making->rings[0], SPAR_DTYPE_F32, 100)
               : status;
}

static void check_ring(void *thing, spar_status_t status)
{
    ring_making_t *making = thing;
    float data[2][100];
    spar_status_t got[2] = {SPAR_INPROGRESS, SPAR_INPROGRESS};

    assert_true(status == SPAR_OK || status == SPAR_ERR_NO_MEMORY);
    if (making->rings[0] == NULL) {
        return;
    }
    if (status != SPAR_OK) {
        assert_int_equal(
            spar_ring_start(making->rings[0], SPAR_DTYPE_F32, 100, data[0]),
            SPAR_ERR_INVALID);
        assert_int_equal(
            spar_ring_reserve(making->rings[0], SPAR_DTYPE_F32, 100), SPAR_OK);
    }
    for (int i = 0; i < 100; i++) {
        data[0][i] = (float)i;
        data[1][i] = 1;
    }
    for (int rank = 0; rank < 2; rank++) {
        assert_int_equal(spar_ring_start(making->rings[rank], SPAR_DTYPE_F32,
                                         100, data[rank]),
                         SPAR_OK);
    }
    for (int i = 0; i < 100; i++) {
        for (int rank = 0; rank < 2; rank++) {
            got[rank] = spar_ring_progress(making->rings[rank]);
        }
    }
    assert_int_equal(got[0], SPAR_OK);
    assert_int_equal(got[1], SPAR_OK);
    assert_true(data[0][99] == 100);
    assert_memory_equal(data[0], data[1], sizeof(data[0]));
}

static void end_ring(void *thing)
{
    ring_making_t *making = thing;

    spar_ring_destroy(making->rings[0]);
    spar_ring_destroy(making->rings[1]);
    spar_loopback_destroy(making->loopback);
}

static void rings_are_made_whole_or_not_at_all(void **state)
{
    const failing_case_t what = {begin_ring, make_ring, check_ring, end_ring};
    ring_making_t making;

    (void)state;
    assert_int_equal(failing_everywhere(&what, &making), 2);
}

static spar_status_t make_network(void *thing)
{
    spar_loopback_t **loopback = thing;

    return spar_loopback_create(3, NULL, loopback);
}

static void forget_network(void *thing)
{
    spar_loopback_t **loopback = thing;

    *loopback = NULL;
}

static void check_network(void *thing, spar_status_t status)
{
    spar_loopback_t **loopback = thing;

    assert_int_equal(status == SPAR_OK, *loopback != NULL);
    spar_loopback_destroy(*loopback);
}

static void networks_are_made_whole_or_not_at_all(void **state)
{
    const failing_case_t what = {forget_network, make_network, check_network,
                                 no_cleanup};
    spar_loopback_t *loopback;

    (void)state;
    assert_int_equal(failing_everywhere(&what, &loopback), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_are_made_whole_or_not_at_all),
        cmocka_unit_test(a_rank_without_room_says_so_and_goes_on),
        cmocka_unit_test(calls_under_way_ask_for_no_memory),
        cmocka_unit_test(rings_are_made_whole_or_not_at_all),
        cmocka_unit_test(networks_are_made_whole_or_not_at_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
