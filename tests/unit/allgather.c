#include "exchange_cases.h"

#include "exchange/allgather.h"

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_allgather_create(transport, 1, exchange_p);
}

static const job_algorithm_t allgather = {
    .name = "allgather", .create = create, .in_rank_order = true};

static void a_rank_in_another_exchange_is_named_by_all(void **state)
{
    job_t job;

    (void)state;
    job_setup(&job, &allgather,
              &(job_shape_t){.size = 3, .count = 100, .k = 10});
    job_fill(&job);
    job.ranks[1].step = 9;
    for (int rank = 0; rank < 3; rank++) {
        job_start(&job, rank);
    }
    assert_true(job_drive(&job));
    for (int rank = 0; rank < 3; rank += 2) {
        assert_int_equal(job.ranks[rank].status, SPAR_ERR_DISAGREE);
        assert_non_null(strstr(job.ranks[rank].exchange->cause, "rank 1"));
        assert_non_null(strstr(job.ranks[rank].exchange->cause, "layer 7"));
    }
    job_teardown(&job);
}

static void the_volume_is_p_minus_one_payloads(void **state)
{
    (void)state;
    for (int eager = 0; eager < 2; eager++) {
        job_t job;

        job_setup(
            &job, &allgather,
            &(job_shape_t){
                .size = 4, .count = 100000, .k = 1000, .eager = eager != 0});
        assert_true(job_step(&job));
        for (int rank = 0; rank < 4; rank++) {
            uint64_t sent = spar_loopback_bytes_sent(job.loopback, rank);

            assert_int_equal(sent, job.ranks[rank].exchange->bytes_sent);
            assert_true(sent <= 3 * (SPAR_WIRE_HEADER_BYTES + 1000 * 6));
            assert_true(sent > 3 * (SPAR_WIRE_HEADER_BYTES + 1000 * 4));
        }
        job_teardown(&job);
    }
}

/* Its entry is nowhere else. */
static void a_block_encoded_elsewhere_is_sent(void **state)
{
    uint32_t index = 5;
    float value = 3.0f;
    const spar_selection_t entries = {
        .indices = &index, .values = &value, .count = 1};
    unsigned char payload[64];
    spar_wire_parts_t parts = {.from = {payload}};
    job_t job;

    (void)state;
    assert_int_equal(spar_wire_encode(&entries, 0, 1, 0, 100, payload,
                                      sizeof(payload), &parts.header),
                     SPAR_OK);
    parts.bytes[0] = parts.header.payload_bytes;
    job_setup(&job, &allgather,
              &(job_shape_t){.size = 3, .count = 100, .k = 10});
    for (int rank = 0; rank < 3; rank++) {
        job.ranks[rank].blank = true;
    }
    job.ranks[1].encoded = &parts;
    assert_true(job_step(&job));
    for (int rank = 0; rank < 3; rank++) {
        const void *result = job_result(&job, rank);

        assert_int_equal(job.ranks[rank].status, SPAR_OK);
        for (uint64_t i = 0; i < 100; i++) {
            assert_true(job_get(&job, result, i) == (i == 5 ? 3.0 : 0.0));
        }
    }
    job_teardown(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_CASES(&allgather),
        cmocka_unit_test(a_rank_in_another_exchange_is_named_by_all),
        cmocka_unit_test(the_volume_is_p_minus_one_payloads),
        cmocka_unit_test(a_block_encoded_elsewhere_is_sent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
