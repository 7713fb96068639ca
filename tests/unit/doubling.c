#include "exchange_cases.h"

#include "exchange/doubling.h"

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_doubling_create(transport, 1, exchange_p);
}

static const job_algorithm_t doubling = {.name = "doubling", .create = create};

/* Sums of many ranks' entries fill the layer up on the way. */
static void lists_become_dense(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        job_t job;

        job_setup(&job, &doubling,
                  &(job_shape_t){.size = 5 + i,
                                 .count = 1000,
                                 .k = 60 + 60 * (uint64_t)i,
                                 .whole = i % 2 == 0,
                                 .eager = i % 3 == 0,
                                 .values = i % 4 == 0 ? SPAR_VALUES_BF16
                                                      : SPAR_VALUES_F32,
                                 .seed = (uint64_t)i});
        for (int step = 0; step < 3; step++) {
            assert_true(job_step(&job));
            job_check(&job);
        }
        job_teardown(&job);
    }
}

static int most_messages(int size)
{
    int rounds = 0;

    while ((2 << rounds) <= size) {
        rounds++;
    }
    return rounds + 1;
}

/* At most log2 P messages per rank, and one more to or from an extra rank; a
 * sum is never larger than the dense layer. */
static void messages_and_bytes_are_few(void **state)
{
    (void)state;
    for (int size = 2; size <= 33; size++) {
        const uint64_t dense = 4 * 20000 + SPAR_WIRE_HEADER_BYTES;
        job_t job;

        job_setup(&job, &doubling,
                  &(job_shape_t){
                      .size = size, .count = 20000, .k = 2000, .eager = true});
        assert_true(job_step(&job));
        assert_true(spar_loopback_messages(job.loopback) <=
                    (uint64_t)(size * most_messages(size)));
        for (int rank = 0; rank < size; rank++) {
            uint64_t sent = spar_loopback_bytes_sent(job.loopback, rank);

            assert_int_equal(sent, job.ranks[rank].exchange->bytes_sent);
            assert_true(sent <= (uint64_t)most_messages(size) * dense);
        }
        job_teardown(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_CASES(&doubling), cmocka_unit_test(lists_become_dense),
        cmocka_unit_test(messages_and_bytes_are_few)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
