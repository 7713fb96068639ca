#include "exchange_cases.h"

#include <math.h>
#include <stdio.h>

static void run_and_check(const job_algorithm_t *algorithm,
                          const job_shape_t *shape, int steps)
{
    job_t job;

    job_setup(&job, algorithm, shape);
    for (int step = 0; step < steps; step++) {
        assert_true(job_step(&job));
        job_check(&job);
    }
    job_teardown(&job);
}

void case_every_size_sums_and_conserves(void **state)
{
    for (int size = 1; size <= 33; size++) {
        run_and_check(*state,
                      &(job_shape_t){.size = size,
                                     .count = 1000,
                                     .k = 50,
                                     .in_place = size % 2 == 0,
                                     .eager = size % 3 == 0,
                                     .whole = size % 4 == 1,
                                     .seed = (uint64_t)size,
                                     .faults = {.max_delay = 7}},
                      3);
    }
}

/* Every combination of what a caller may choose. */
void case_every_type_and_way_of_sending(void **state)
{
    static const spar_values_t values[] = {SPAR_VALUES_F32, SPAR_VALUES_F64,
                                           SPAR_VALUES_BF16, SPAR_VALUES_FP16,
                                           SPAR_VALUES_INT8};

    for (unsigned i = 0; i < 5 * 32; i++) {
        run_and_check(*state,
                      &(job_shape_t){.size = 5 + (int)(i % 3),
                                     .count = 700,
                                     .k = 60,
                                     .values = values[i / 32],
                                     .dtype = spar_values_dtype(values[i / 32]),
                                     .in_place = (i & 1) != 0,
                                     .eager = (i & 2) != 0,
                                     .late = (i & 4) != 0,
                                     .whole = (i & 8) != 0,
                                     .clustered = (i & 16) != 0,
                                     .seed = i,
                                     .faults = {.max_delay = 5}},
                      3);
    }
}

/* Everything, one element, nothing from some ranks, nothing at all. */
void case_extreme_selections(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        bool eager = (i & 1) != 0;
        int size = (i & 2) != 0 ? 4 : 7;
        job_t job;

        run_and_check(*state,
                      &(job_shape_t){.size = size,
                                     .count = 100,
                                     .k = 100,
                                     .whole = true,
                                     .eager = eager},
                      2);
        run_and_check(
            *state,
            &(job_shape_t){.size = size, .count = 1, .k = 1, .eager = eager},
            2);
        run_and_check(
            *state,
            &(job_shape_t){.size = size, .count = 3, .k = 2, .eager = eager},
            2);
        job_setup(&job, *state,
                  &(job_shape_t){
                      .size = size, .count = 300, .k = 20, .eager = eager});
        job.ranks[1].blank = job.ranks[2].blank = true;
        assert_true(job_step(&job));
        job_check(&job);
        for (int rank = 0; rank < size; rank++) {
            job.ranks[rank].blank = true;
            memset(job.ranks[rank].residual, 0, job_bytes(&job));
        }
        assert_true(job_step(&job));
        assert_int_equal(job.ranks[0].selection.count, 0);
        job_check(&job);
        job_teardown(&job);
    }
}

void case_large_layers_go_piece_by_piece(void **state)
{
    run_and_check(
        *state,
        &(job_shape_t){.size = 3, .count = 500001, .k = 5000, .in_place = true},
        2);
}

void case_nan_leaves_all_untouched(void **state)
{
    static const double values[] = {NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < 6; i++) {
        job_t job;

        job_setup(&job, *state,
                  &(job_shape_t){.size = 6 - (int)(i % 2),
                                 .count = 1000,
                                 .k = 10,
                                 .in_place = true,
                                 .late = i % 2 != 0,
                                 .eager = i >= 3,
                                 .faults = {.max_delay = 3}});
        assert_true(job_step(&job));
        job_fill(&job);
        job_put(&job, job.ranks[3].gradient, 999, values[i % 3]);
        for (int rank = 0; rank < job.shape.size; rank++) {
            job_start(&job, rank);
        }
        assert_true(job_drive(&job));
        job_check_untouched(&job, SPAR_WIRE_NONFINITE);
        /* and the next step is sparse again */
        assert_true(job_step(&job));
        job_check(&job);
        job_teardown(&job);
    }
}

void case_requests_bind_all(void **state)
{
    for (int size = 2; size <= 9; size++) {
        for (int who = 0; who < size; who++) {
            int other = (who + size / 2) % size;
            job_t job;

            job_setup(&job, *state,
                      &(job_shape_t){.size = size,
                                     .count = 400,
                                     .k = 10,
                                     .eager = (size + who) % 2 != 0,
                                     .seed = (uint64_t)size,
                                     .faults = {.max_delay = 4}});
            job.ranks[who].flags = SPAR_WIRE_PAUSED;
            job.ranks[other].flags |= SPAR_WIRE_FLUSH;
            assert_true(job_step(&job));
            job_check_untouched(&job, SPAR_WIRE_PAUSED | SPAR_WIRE_FLUSH);
            job.ranks[who].flags = job.ranks[other].flags = 0;
            assert_true(job_step(&job));
            job_check(&job);
            job_teardown(&job);
        }
    }
}

void case_dropped_results_touch_nothing(void **state)
{
    for (int size = 1; size <= 10; size++) {
        job_t job;

        job_setup(&job, *state,
                  &(job_shape_t){.size = size,
                                 .count = 300,
                                 .k = 20,
                                 .in_place = true,
                                 .late = true,
                                 .drop = true,
                                 .eager = size % 2 != 0,
                                 .faults = {.max_delay = 4}});
        assert_true(job_step(&job));
        job_check_untouched(&job, 0);
        job.shape.drop = false;
        assert_true(job_step(&job));
        job_check(&job);
        job_teardown(&job);
    }
}

void case_lossless_sums_everything(void **state)
{
    for (unsigned i = 0; i < 16; i++) {
        bool wide = i % 2 != 0;

        run_and_check(
            *state,
            &(job_shape_t){.size = 1 + (int)i,
                           .count = 1000,
                           .k = i < 8 ? 100 : 1000,
                           .dtype = wide ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                           .values = wide ? SPAR_VALUES_F64 : SPAR_VALUES_F32,
                           .lossless = true,
                           .eager = (i & 2) != 0,
                           .in_place = (i & 4) != 0,
                           .seed = i},
            2);
    }
}

/* At whatever step a target fails, the rank's arrays get the same result. */
void case_broken_targets_are_given_up(void **state)
{
    for (unsigned breaks = 1; breaks <= 11; breaks++) {
        for (unsigned i = 0; i < 8; i++) {
            run_and_check(*state,
                          &(job_shape_t){.size = 6,
                                         .count = 1000,
                                         .k = i < 4 ? 50 : 500,
                                         .in_place = i % 2 != 0,
                                         .late = (i & 2) != 0,
                                         .lossless = i == 3,
                                         .clustered = i == 5,
                                         .breaks = breaks,
                                         .seed = i,
                                         .faults = {.max_delay = 3}},
                          5);
        }
    }
}

/* Without a reservation a rank may only say so. */
void case_no_room_no_call(void **state)
{
    const spar_exchange_size_t none = {.count = UINT64_MAX / 16,
                                       .entries = UINT64_MAX / 16};
    job_t job;

    job_setup(&job, *state, &(job_shape_t){.size = 3, .count = 100, .k = 10});
    assert_true(job_step(&job));
    assert_int_equal(spar_exchange_reserve(job.ranks[1].exchange, &none),
                     SPAR_ERR_NO_MEMORY);
    job_fill(&job);
    job_start(&job, 1);
    assert_int_equal(job.ranks[1].status, SPAR_ERR_INVALID);
    job.ranks[1].step--;
    job.ranks[1].flags = SPAR_WIRE_NO_MEMORY;
    for (int rank = 0; rank < 3; rank++) {
        job_start(&job, rank);
        /* one call at a time */
        assert_int_equal(spar_exchange_start(job.ranks[rank].exchange,
                                             &job.ranks[rank].exchange->call),
                         SPAR_ERR_INVALID);
    }
    assert_true(job_drive(&job));
    job_check_untouched(&job, SPAR_WIRE_NO_MEMORY);
    job_teardown(&job);
}

/* Some rank says so, of that one or it of others; none ends well. */
void case_another_exchange_is_noticed(void **state)
{
    for (int i = 0; i < 8; i++) {
        int other = i % 4;
        bool named = false;
        char name[16];
        job_t job;

        job_setup(
            &job, *state,
            &(job_shape_t){.size = 4, .count = 100, .k = 10, .eager = i >= 4});
        job_fill(&job);
        job.ranks[other].step = 9;
        for (int rank = 0; rank < 4; rank++) {
            job_start(&job, rank);
        }
        (void)job_drive(&job);
        snprintf(name, sizeof(name), "rank %d", other);
        for (int rank = 0; rank < 4; rank++) {
            const char *cause = job.ranks[rank].exchange->cause;

            assert_int_not_equal(job.ranks[rank].status, SPAR_OK);
            if (job.ranks[rank].status == SPAR_ERR_DISAGREE &&
                (rank == other || strstr(cause, name) != NULL)) {
                assert_non_null(strstr(cause, "layer 7"));
                assert_non_null(strstr(cause, "another exchange"));
                named = true;
            }
        }
        assert_true(named);
        job_teardown(&job);
    }
}

/* Whatever goes wrong once in the network: an error on some rank, and nothing
 * left under way. Only headers have a checksum; every message begins with
 * one. */
static void break_once(const job_algorithm_t *algorithm, uint64_t number,
                       int kind, bool eager)
{
    job_shape_t shape = {.size = 4,
                         .count = 300,
                         .k = 30,
                         .eager = eager,
                         .seed = number,
                         .faults = {.damage_within = SPAR_WIRE_HEADER_BYTES}};
    bool hit = false;
    job_t job;

    shape.faults.fail_call = kind == 0 ? number : 0;
    shape.faults.truncate_message = kind == 1 ? number : 0;
    shape.faults.damage_message = kind == 2 ? number : 0;
    job_setup(&job, algorithm, &shape);
    (void)job_step(&job);
    for (int i = 0; i < 4; i++) {
        job_rank_t *rank = &job.ranks[i];

        if (rank->status < 0) {
            hit = true;
            assert_non_null(strstr(rank->exchange->cause, "layer 7"));
            assert_non_null(strstr(rank->exchange->cause, "rank "));
            assert_int_equal(spar_exchange_progress(rank->exchange),
                             SPAR_ERR_INVALID);
        }
    }
    assert_true(hit);
    job_teardown(&job);
}

void case_faults_never_pass_silently(void **state)
{
    for (int eager = 0; eager < 2; eager++) {
        uint64_t messages;
        job_t job;

        job_setup(&job, *state,
                  &(job_shape_t){
                      .size = 4, .count = 300, .k = 30, .eager = eager != 0});
        assert_true(job_step(&job));
        messages = spar_loopback_messages(job.loopback);
        assert_true(messages >= 6);
        job_teardown(&job);
        for (uint64_t number = 1; number <= messages; number++) {
            break_once(*state, number, 0, eager != 0);
            break_once(*state, messages + number, 0, eager != 0);
            break_once(*state, number, 1, eager != 0);
            break_once(*state, number, 2, eager != 0);
        }
    }
}

/* Nobody waits in vain for an end that cannot come, and nobody takes a part for
 * the whole. */
static void lose(const job_algorithm_t *algorithm, int lost, uint64_t after,
                 bool eager)
{
    job_t job;

    job_setup(&job, algorithm,
              &(job_shape_t){.size = 4,
                             .count = 100,
                             .k = 10,
                             .eager = eager,
                             .lost = lost + 1,
                             .faults = {.lost_after = after}});
    if (job_step(&job)) {
        assert_true(after > 0);
        job_check(&job);
    }
    for (int rank = 0; rank < 4; rank++) {
        assert_true(job.ranks[rank].status >= 0);
        assert_true(rank == lost || after > 0 ||
                    job.ranks[rank].status == SPAR_INPROGRESS);
    }
    job_teardown(&job);
}

void case_a_lost_rank_never_looks_like_success(void **state)
{
    for (int lost = 0; lost < 4; lost++) {
        for (uint64_t after = 0; after < 8; after++) {
            lose(*state, lost, after, false);
            lose(*state, lost, after, true);
        }
    }
}
