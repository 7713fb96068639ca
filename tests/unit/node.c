#include "exchange_cases.h"

#include "exchange/node.h"

#include <stdlib.h>

/* Nodes of one to four ranks; where they are large enough, of ranks that are
 * not neighbours. */
static void place_ranks(int size, int *nodes)
{
    int count = 0;

    for (int rank = 0; rank < size; rank++) {
        if (rank % 7 == 3 && count > 1) {
            nodes[rank] = count - 2;
        } else if (rank % 3 == 0) {
            nodes[rank] = count++;
        } else {
            nodes[rank] = count - 1;
        }
    }
}

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    int nodes[JOB_MOST_RANKS];

    (void)job;
    place_ranks(transport->size, nodes);
    return spar_node_create(transport, 1, nodes, exchange_p);
}

static spar_status_t create_alone(const job_t *job, spar_transport_t *transport,
                                  spar_exchange_t **exchange_p)
{
    int nodes[JOB_MOST_RANKS];

    (void)job;
    for (int rank = 0; rank < transport->size; rank++) {
        nodes[rank] = rank;
    }
    return spar_node_create(transport, 1, nodes, exchange_p);
}

static spar_status_t create_together(const job_t *job,
                                     spar_transport_t *transport,
                                     spar_exchange_t **exchange_p)
{
    static const int nodes[JOB_MOST_RANKS];

    (void)job;
    return spar_node_create(transport, 1, nodes, exchange_p);
}

static const job_algorithm_t node = {.name = "node", .create = create};
/* One rank per node: as if by allgather. */
static const job_algorithm_t alone = {
    .name = "node, alone", .create = create_alone, .in_rank_order = true};
/* One node: its leader adds all ranks in order. */
static const job_algorithm_t together = {
    .name = "node, together", .create = create_together, .in_rank_order = true};

/* Equal nodes of neighbours, as most jobs have. */
static spar_status_t create_fours(const job_t *job, spar_transport_t *transport,
                                  spar_exchange_t **exchange_p)
{
    int nodes[JOB_MOST_RANKS];

    (void)job;
    for (int rank = 0; rank < transport->size; rank++) {
        nodes[rank] = rank / 4;
    }
    return spar_node_create(transport, 1, nodes, exchange_p);
}

/* Ranks that select the same entries: a node's block is as long as a rank's,
 * and it leaves the node once for each other node. */
static void little_leaves_a_node(void **state)
{
    static const job_algorithm_t fours = {.name = "node, fours",
                                          .create = create_fours};
    job_t job;

    (void)state;
    job_setup(
        &job, &fours,
        &(job_shape_t){.size = 16, .count = 20000, .k = 1000, .eager = true});
    job_fill(&job);
    for (int rank = 0; rank < 16; rank++) {
        memcpy(job.ranks[rank].gradient, job.ranks[0].gradient,
               job_bytes(&job));
        job_start(&job, rank);
    }
    assert_true(job_drive(&job));
    job_check(&job);
    for (int rank = 0; rank < 16; rank++) {
        uint64_t sent = job.ranks[rank].exchange->bytes_sent;
        uint64_t block = SPAR_WIRE_HEADER_BYTES + 1000 * 6;

        /* A leader sends to 3 others, and forwards 4 blocks to 3 ranks. */
        assert_int_equal(sent, spar_loopback_bytes_sent(job.loopback, rank));
        assert_true(sent <= (rank % 4 == 0 ? 15 * block : block));
    }
    job_teardown(&job);
}

/* The sum of a node has turned dense: its block has more entries than the ranks
 * may have selected together. Also where ranks apply it by a target. */
static void dense_blocks_are_added(void **state)
{
    static const job_algorithm_t fours = {.name = "node, fours",
                                          .create = create_fours};

    (void)state;
    for (int eager = 0; eager < 2; eager++) {
        job_t job;

        job_setup(&job, &fours,
                  &(job_shape_t){
                      .size = 8, .count = 1000, .k = 225, .eager = eager != 0});
        assert_true(job_step(&job));
        job_check(&job);
        job_teardown(&job);
    }
}

static void nodes_in_another_order_are_refused(void **state)
{
    static const int wrong[][3] = {{1, 0, 0}, {0, 2, 1}, {0, -1, 0}};
    spar_loopback_t *loopback;
    spar_exchange_t *exchange;

    (void)state;
    assert_int_equal(spar_loopback_create(3, NULL, &loopback), SPAR_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(spar_node_create(spar_loopback_transport(loopback, 0),
                                          1, wrong[i], &exchange),
                         SPAR_ERR_INVALID);
    }
    spar_loopback_destroy(loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_CASES(&node),
        EXCHANGE_CASE(every_size_sums_and_conserves, &alone),
        EXCHANGE_CASE(every_type_and_way_of_sending, &alone),
        EXCHANGE_CASE(every_size_sums_and_conserves, &together),
        EXCHANGE_CASE(every_type_and_way_of_sending, &together),
        EXCHANGE_CASE(requests_bind_all, &together),
        EXCHANGE_CASE(faults_never_pass_silently, &together),
        cmocka_unit_test(little_leaves_a_node),
        cmocka_unit_test(dense_blocks_are_added),
        cmocka_unit_test(nodes_in_another_order_are_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
