/*
 * Dense sums with fewer bits: what all machines have to pass; and that both
 * roundings have no bias and spread no more than promised, that the bytes are
 * as few as promised, and that no message is believed.
 */
#include "algorithms.h"
#include "exchange_cases.h"

#include "exchange/quantised.h"
#include "sparsify/quantise.h"

#include <math.h>
#include <stdlib.h>

static const job_algorithm_t *quantised = &job_algorithms[4];

static const spar_values_t rounded_types[] = {
    SPAR_VALUES_BF16, SPAR_VALUES_FP16, SPAR_VALUES_INT8};
#define TYPES 3

/* Some slices are empty, some chunks are shorter than others, and some layers
 * end within a group. */
static void odd_counts_of_all_types(void **state)
{
    static const uint64_t counts[] = {1, 63, 64, 65, 300, 1025, 70001};

    (void)state;
    for (int size = 2; size <= 8; size++) {
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            job_t job;

            job_setup(&job, quantised,
                      &(job_shape_t){.size = size,
                                     .count = counts[i],
                                     .values = rounded_types[i % TYPES],
                                     .in_place = size % 2 != 0,
                                     .eager = i % 2 != 0,
                                     .late = (i & 2) != 0,
                                     .seed = counts[i],
                                     .faults = {.max_delay = 6}});
            for (int step = 0; step < 2; step++) {
                assert_true(job_step(&job));
                job_check(&job);
            }
            job_teardown(&job);
        }
    }
}

/* More chunks than are under way at a time. */
static void long_slices_travel_in_chunks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        job_t job;

        job_setup(&job, quantised,
                  &(job_shape_t){.size = 2 + (int)i,
                                 .count = 1500001,
                                 .values = rounded_types[2 * i],
                                 .in_place = i == 0,
                                 .eager = i == 0,
                                 .faults = {.max_delay = 9}});
        assert_true(job_step(&job));
        job_check(&job);
        assert_true(spar_loopback_messages(job.loopback) > 40);
        job_teardown(&job);
    }
}

static void the_volume_is_that_of_a_ring(void **state)
{
    static const double bytes[] = {2, 2 + 1 / 64.0, 1 + 1 / 64.0};
    const uint64_t count = 64000;

    (void)state;
    for (int i = 0; i < 2 * TYPES; i++) {
        const int size = 5;
        double expected =
            2.0 * (double)count * (size - 1) / size * bytes[i / 2];
        job_t job;

        job_setup(&job, quantised,
                  &(job_shape_t){.size = size,
                                 .count = count,
                                 .values = rounded_types[i / 2],
                                 .eager = i % 2 != 0});
        assert_true(job_step(&job));
        for (int rank = 0; rank < size; rank++) {
            uint64_t sent = spar_loopback_bytes_sent(job.loopback, rank);

            assert_int_equal(sent, job.ranks[rank].exchange->bytes_sent);
            assert_true((double)sent >= expected);
            assert_true((double)sent <=
                        expected + 3 * (size - 1) * SPAR_WIRE_HEADER_BYTES);
        }
        job_teardown(&job);
    }
}

/* The same inputs, whenever messages come, give the same bits; another seed
 * gives others. */
static void results_follow_from_inputs_and_seeds(void **state)
{
    const uint64_t count = 2000;
    void *results[3];

    (void)state;
    for (int run = 0; run < 3; run++) {
        job_t job;

        job_setup(&job, quantised,
                  &(job_shape_t){.size = 4,
                                 .count = count,
                                 .values = SPAR_VALUES_INT8,
                                 .seed = 3,
                                 .faults = {.max_delay = 5U * (unsigned)run}});
        job_fill(&job);
        for (int rank = 0; rank < 4; rank++) {
            job.ranks[rank].step = run < 2 ? 4 : 5; /* part of the seed */
            job_start(&job, rank);
        }
        assert_true(job_drive(&job));
        results[run] = malloc(job_bytes(&job));
        assert_non_null(results[run]);
        memcpy(results[run], job_result(&job, 2), job_bytes(&job));
        job_teardown(&job);
    }
    assert_memory_equal(results[0], results[1], count * sizeof(float));
    assert_true(memcmp(results[0], results[2], count * sizeof(float)) != 0);
    for (int run = 0; run < 3; run++) {
        free(results[run]);
    }
}

#define SUMS   4000 /* with other seeds */
#define SPREAD 512  /* elements: eight groups */

/* Sums of the same gradients, over and over. */
typedef struct sums {
    job_t job;
    double exact[SPREAD];
    double total[SPREAD];
    double squares[SPREAD]; /* of the errors */
} sums_t;

static void sums_run(sums_t *sums, int size, spar_values_t values)
{
    job_t *job = &sums->job;

    memset(sums, 0, sizeof(*sums));
    job_setup(job, quantised,
              &(job_shape_t){.size = size,
                             .count = SPREAD,
                             .values = values,
                             .eager = true,
                             .seed = 5});
    job_fill(job);
    for (int rank = 0; rank < size; rank++) {
        for (int i = 0; i < SPREAD; i++) {
            sums->exact[i] += job_get(job, job->ranks[rank].gradient, i);
        }
    }
    for (int run = 0; run < SUMS; run++) {
        for (int rank = 0; rank < size; rank++) {
            job->ranks[rank].step = 8 * (uint32_t)run; /* none to the nearest */
            job_start(job, rank);
        }
        assert_true(job_drive(job));
        for (int i = 0; i < SPREAD; i++) {
            double value = job_get(job, job_result(job, 0), i);

            sums->total[i] += value;
            sums->squares[i] +=
                (value - sums->exact[i]) * (value - sums->exact[i]);
        }
    }
}

/* A step: of a scale for INT8, of the bit that is the last one elsewhere. */
static double step_at(spar_values_t values, double most, double value)
{
    switch (values) {
    case SPAR_VALUES_INT8:
        return most / 63.5;
    case SPAR_VALUES_FP16:
        return fmax(fabs(value) / 1024, most / 65504);
    default:
        return fabs(value) / 128;
    }
}

/* Rounding up or down at random by steps of s spreads by s^2/4 at most: all
 * ranks' parts, and their sum, whose own errors hardly change its steps. */
static double variance_bound(const sums_t *sums, spar_values_t values, int i)
{
    int group = i / SPAR_VALUES_GROUP * SPAR_VALUES_GROUP;
    double bound = 0, most_sum = 0, step;

    for (int rank = 0; rank < sums->job.shape.size; rank++) {
        const void *gradient = sums->job.ranks[rank].gradient_before;
        double most = 0;

        for (int j = group; j < group + SPAR_VALUES_GROUP; j++) {
            most = fmax(most, fabs(job_get(&sums->job, gradient, j)));
        }
        step = step_at(values, most, job_get(&sums->job, gradient, i));
        bound += step * step / 4;
    }
    for (int j = group; j < group + SPAR_VALUES_GROUP; j++) {
        most_sum = fmax(most_sum, fabs(sums->exact[j]));
    }
    step =
        1.1 * step_at(values, most_sum, fabs(sums->exact[i]) + 2 * sqrt(bound));
    return bound + step * step / 4;
}

static void check_statistics(spar_values_t values)
{
    static sums_t sums;
    double deviations = 0;

    sums_run(&sums, 3, values);
    for (int i = 0; i < SPREAD; i++) {
        double error = sums.total[i] / SUMS - sums.exact[i];
        double variance = sums.squares[i] / SUMS;
        double standard = sqrt(variance / SUMS);

        /* No bias, to what the random numbers resolve. */
        assert_true(fabs(error) <= 5 * standard + 1e-6);
        assert_true(variance <=
                    variance_bound(&sums, values, i) * (1 + 5 / sqrt(SUMS)));
        deviations += standard > 0 ? error * error / (standard * standard) : 1;
    }
    /* Together they are as they would be by chance: of mean 1. */
    assert_true(fabs(deviations / SPREAD - 1) <= 5 * sqrt(2.0 / SPREAD));
    job_teardown(&sums.job);
}

static void the_mean_over_seeds_is_the_sum(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        check_statistics(rounded_types[i]);
    }
}

/* A message of rank 1, which says what it likes, to rank 0's machine. */
typedef struct lie {
    const char *cause; /* what rank 0 says of it */
    void (*tell)(spar_wire_header_t *header, unsigned char *payload);
    size_t missing; /* bytes of the message */
} lie_t;

static void tell_nothing(spar_wire_header_t *header, unsigned char *payload)
{
    (void)header;
    (void)payload;
}

static void tell_rice(spar_wire_header_t *header, unsigned char *payload)
{
    (void)payload;
    header->coding = SPAR_WIRE_RICE;
    header->selected--; /* the bits of the indices take its room */
    header->parameter = 0;
}

/* All entries, but with their indices in front. */
static void tell_indices(spar_wire_header_t *header, unsigned char *payload)
{
    header->coding = SPAR_WIRE_RICE;
    header->payload_bytes += 128 / 8;
    memset(payload, 0xff, 128 / 8);
    memset(payload + 128 / 8, 100, 130);
}

static void tell_fewer(spar_wire_header_t *header, unsigned char *payload)
{
    (void)payload;
    header->coding = SPAR_WIRE_RICE;
    header->selected = 0;
    header->payload_bytes = 0;
}

static void tell_scale(spar_wire_header_t *header, unsigned char *payload)
{
    (void)header;
    payload[1] = 255;
}

static void tell_phase(spar_wire_header_t *header, unsigned char *payload)
{
    (void)payload;
    header->phase = 1;
    header->payload_bytes++;
}

static void tell_place(spar_wire_header_t *header, unsigned char *payload)
{
    (void)payload;
    header->first = 64;
}

static void tell_flags(spar_wire_header_t *header, unsigned char *payload)
{
    (void)payload;
    header->flags = SPAR_WIRE_PAUSED;
}

/* 256 elements, of which the first 128 are rank 0's. */
static void hear(const lie_t *lie, bool eager)
{
    spar_wire_header_t header = {.values = SPAR_VALUES_INT8,
                                 .dtype = SPAR_DTYPE_F32,
                                 .coding = SPAR_WIRE_ALL,
                                 .slot = 7,
                                 .plan = 3,
                                 .step = 4,
                                 .count = 256,
                                 .span = 128};
    unsigned char alone[SPAR_WIRE_HEADER_BYTES], block[512] = {0};
    unsigned char *payload = block + SPAR_WIRE_HEADER_BYTES;
    spar_transfer_t transfers[2] = {{0}};
    spar_transport_t *network;
    size_t bytes;
    job_t job;

    job_setup(&job, quantised,
              &(job_shape_t){.size = 2,
                             .count = 256,
                             .values = SPAR_VALUES_INT8,
                             .eager = eager});
    network = spar_loopback_transport(job.loopback, 1);
    job_fill(&job);
    job.ranks[0].step = 4;
    job_start(&job, 0);
    spar_wire_header_pack(&header, alone);
    header.selected = 128;
    header.payload_bytes = 130;
    memset(payload, 100, 130);
    lie->tell(&header, payload);
    spar_wire_header_pack(&header, block);
    bytes = SPAR_WIRE_HEADER_BYTES + header.payload_bytes - lie->missing;
    if (!eager) {
        assert_int_equal(network->ops->isend(network, 0, 1, alone,
                                             sizeof(alone), &transfers[0]),
                         SPAR_OK);
    }
    assert_int_equal(
        network->ops->isend(network, 0, 1, block, bytes, &transfers[1]),
        SPAR_OK);
    for (int turn = 0; turn < 20 && job.ranks[0].status == SPAR_INPROGRESS;
         turn++) {
        job.ranks[0].status = spar_exchange_progress(job.ranks[0].exchange);
    }
    if (lie->cause == NULL) {
        assert_int_equal(job.ranks[0].status, SPAR_INPROGRESS);
    } else {
        assert_true(job.ranks[0].status < 0);
        assert_non_null(strstr(job.ranks[0].exchange->cause, lie->cause));
        assert_non_null(strstr(job.ranks[0].exchange->cause, "rank 1"));
    }
    network->ops->cancel(network, &transfers[1]);
    if (!eager) {
        network->ops->cancel(network, &transfers[0]);
    }
    job_teardown(&job);
}

static void no_message_is_believed(void **state)
{
    static const lie_t lies[] = {
        {NULL, tell_nothing, 0},
        {"more or fewer", tell_nothing, 1},
        {"does not fit the number of entries", tell_rice, 0},
        {"more or fewer", tell_indices, 0},
        {"more or fewer", tell_fewer, 0},
        {"a scale of the values is out of range", tell_scale, 0},
        {"more or fewer", tell_phase, 0},
        {"another part of the layer", tell_place, 0}};
    static const lie_t flags = {"more", tell_flags, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        hear(&lies[i], false);
        hear(&lies[i], true);
    }
    hear(&flags, false);
    hear(&flags, true);
}

/* What it cannot do it does not promise. */
static void other_layers_are_refused(void **state)
{
    spar_exchange_size_t size = {
        .values = SPAR_VALUES_INT8, .count = 100, .targeted = true};
    spar_exchange_t *exchange;
    spar_loopback_t *loopback;

    (void)state;
    assert_int_equal(spar_loopback_create(2, NULL, &loopback), SPAR_OK);
    assert_int_equal(spar_quantised_create(spar_loopback_transport(loopback, 0),
                                           1, &exchange),
                     SPAR_OK);
    assert_int_equal(spar_exchange_reserve(exchange, &size), SPAR_ERR_INVALID);
    size = (spar_exchange_size_t){
        .dtype = SPAR_DTYPE_F64, .values = SPAR_VALUES_F64, .count = 100};
    assert_int_equal(spar_exchange_reserve(exchange, &size), SPAR_ERR_INVALID);
    spar_exchange_destroy(exchange);
    spar_loopback_destroy(loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_CASES(&job_algorithms[4]),
        cmocka_unit_test(odd_counts_of_all_types),
        cmocka_unit_test(long_slices_travel_in_chunks),
        cmocka_unit_test(the_volume_is_that_of_a_ring),
        cmocka_unit_test(results_follow_from_inputs_and_seeds),
        cmocka_unit_test(the_mean_over_seeds_is_the_sum),
        cmocka_unit_test(no_message_is_believed),
        cmocka_unit_test(other_layers_are_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
