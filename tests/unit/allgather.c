#include "unit.h"

#include "exchange/allgather.h"
#include "exchange/loopback.h"
#include "sparsify/selector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_RANKS 33
#define PATIENCE   200000

/* N ranks that exchange one layer, with everything that is needed to check
 * the result afterwards. */
typedef struct job {
    int size;
    uint64_t count;
    uint64_t k;
    bool in_place;
    spar_loopback_t *loopback;
    spar_allgather_t *allgathers[MOST_RANKS];
    spar_selector_t selectors[MOST_RANKS];
    spar_selection_t selections[MOST_RANKS];
    float *gradients[MOST_RANKS];
    float *gradients_before[MOST_RANKS];
    float *residuals[MOST_RANKS];
    float *residuals_before[MOST_RANKS];
    float *outs[MOST_RANKS];
    uint32_t extra_flags[MOST_RANKS];
    uint32_t step;
    spar_status_t status[MOST_RANKS];
} job_t;

static float *floats(uint64_t count)
{
    float *values = calloc(count, sizeof(*values));

    assert_non_null(values);
    return values;
}

static uint64_t random_state = 88172645463325252u;

static float random_float(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (float)((double)(random_state >> 11) / 4503599627370496.0 - 1.0);
}

static void setup_job(job_t *job, int size, uint64_t count, uint64_t k,
                      const spar_loopback_faults_t *faults)
{
    memset(job, 0, sizeof(*job));
    job->size = size;
    job->count = count;
    job->k = k;
    assert_int_equal(spar_loopback_create(size, faults, &job->loopback),
                     SPAR_OK);
    for (int rank = 0; rank < size; rank++) {
        job->gradients[rank] = floats(count);
        job->gradients_before[rank] = floats(count);
        job->residuals[rank] = floats(count);
        job->residuals_before[rank] = floats(count);
        job->outs[rank] = floats(count);
        spar_selector_init(&job->selectors[rank], SPAR_SELECT_EXACT,
                           SPAR_DTYPE_F32, count);
        spar_selection_init(&job->selections[rank]);
        assert_int_equal(
            spar_allgather_create(spar_loopback_transport(job->loopback, rank),
                                  1, &job->allgathers[rank]),
            SPAR_OK);
        assert_int_equal(spar_allgather_reserve(job->allgathers[rank],
                                                SPAR_VALUES_F32, count, k),
                         SPAR_OK);
    }
}

static void teardown_job(job_t *job)
{
    for (int rank = 0; rank < job->size; rank++) {
        spar_allgather_destroy(job->allgathers[rank]);
        spar_selection_cleanup(&job->selections[rank]);
        free(job->gradients[rank]);
        free(job->gradients_before[rank]);
        free(job->residuals[rank]);
        free(job->residuals_before[rank]);
        free(job->outs[rank]);
    }
    assert_int_equal(spar_loopback_pending(job->loopback), 0);
    spar_loopback_destroy(job->loopback);
}

static size_t bytes_of(const job_t *job)
{
    return job->count * sizeof(float);
}

static void start_rank(job_t *job, int rank)
{
    spar_allgather_call_t call = {.header = {.slot = 7,
                                             .plan = 3,
                                             .step = job->step,
                                             .dtype = SPAR_DTYPE_F32,
                                             .count = job->count,
                                             .flags = job->extra_flags[rank]},
                                  .selection = &job->selections[rank],
                                  .gradient = job->gradients[rank],
                                  .residual = job->residuals[rank],
                                  .out = job->in_place ? job->gradients[rank]
                                                       : job->outs[rank]};

    memcpy(job->gradients_before[rank], job->gradients[rank], bytes_of(job));
    memcpy(job->residuals_before[rank], job->residuals[rank], bytes_of(job));
    assert_int_equal(
        spar_selector_run(&job->selectors[rank], job->gradients[rank],
                          job->residuals[rank], job->k, &job->selections[rank]),
        SPAR_OK);
    if (job->selections[rank].nonfinite) {
        call.header.flags |= SPAR_WIRE_NONFINITE;
    } else {
        assert_int_equal(spar_allgather_encode(job->allgathers[rank],
                                               &job->selections[rank],
                                               job->count, &call.header),
                         SPAR_OK);
    }
    job->status[rank] = spar_allgather_start(job->allgathers[rank], &call);
    if (job->status[rank] == SPAR_OK) {
        job->status[rank] = SPAR_INPROGRESS;
    }
}

/* Drives all ranks in an order that changes; false: some never ended. */
static bool drive(job_t *job)
{
    int left = 0;

    for (int rank = 0; rank < job->size; rank++) {
        left += job->status[rank] == SPAR_INPROGRESS;
    }
    for (int turn = 0; left > 0 && turn < PATIENCE; turn++) {
        for (int i = 0; i < job->size; i++) {
            int rank = (i * 5 + turn) % job->size;

            rank = job->size % 5 == 0 ? (i + turn) % job->size : rank;
            if (job->status[rank] == SPAR_INPROGRESS) {
                job->status[rank] =
                    spar_allgather_progress(job->allgathers[rank]);
                left -= job->status[rank] != SPAR_INPROGRESS;
            }
        }
    }
    return left == 0;
}

static bool run_step(job_t *job)
{
    for (int rank = 0; rank < job->size; rank++) {
        for (uint64_t i = 0; i < job->count; i++) {
            job->gradients[rank][i] = random_float();
        }
    }
    for (int rank = 0; rank < job->size; rank++) {
        start_rank(job, rank);
    }
    job->step++;
    return drive(job);
}

static const float *result_of(const job_t *job, int rank)
{
    return job->in_place ? job->gradients[rank] : job->outs[rank];
}

/* The definition: the sum of all ranks' selected entries in rank order. */
static void check_step(const job_t *job)
{
    float *expected = floats(job->count);

    for (int rank = 0; rank < job->size; rank++) {
        const spar_selection_t *selection = &job->selections[rank];
        float *kept = floats(job->count);

        assert_int_equal(job->status[rank], SPAR_OK);
        assert_int_equal(spar_allgather_flags(job->allgathers[rank]), 0);
        assert_int_equal(selection->count, job->k);
        for (uint64_t i = 0; i < job->count; i++) {
            kept[i] =
                job->gradients_before[rank][i] + job->residuals_before[rank][i];
        }
        for (size_t i = 0; i < selection->count; i++) {
            uint32_t index = selection->indices[i];

            expected[index] += kept[index];
            kept[index] = 0;
        }
        /* Conservation, to the last bit. */
        assert_memory_equal(kept, job->residuals[rank], bytes_of(job));
        free(kept);
    }
    for (int rank = 0; rank < job->size; rank++) {
        assert_memory_equal(expected, result_of(job, rank), bytes_of(job));
    }
    free(expected);
}

static void every_size_sums_and_conserves(void **state)
{
    (void)state;
    for (int size = 2; size <= MOST_RANKS; size++) {
        spar_loopback_faults_t faults = {
            .seed = (uint64_t)size, .max_delay = 7, .lost_rank = -1};
        job_t job;

        setup_job(&job, size, 1000, 50, &faults);
        job.in_place = size % 2 == 0;
        for (int step = 0; step < 3; step++) {
            assert_true(run_step(&job));
            check_step(&job);
        }
        teardown_job(&job);
    }
}

static void large_layers_are_committed_piece_by_piece(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 3, 500001, 5000, NULL);
    job.in_place = true;
    for (int step = 0; step < 2; step++) {
        assert_true(run_step(&job));
        check_step(&job);
    }
    teardown_job(&job);
}

static void all_selected_and_one_element_work(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 4, 100, 100, NULL);
    assert_true(run_step(&job));
    check_step(&job);
    teardown_job(&job);
    setup_job(&job, 4, 1, 1, NULL);
    assert_true(run_step(&job));
    check_step(&job);
    teardown_job(&job);
}

static void check_untouched(const job_t *job, uint32_t flags)
{
    for (int rank = 0; rank < job->size; rank++) {
        assert_int_equal(job->status[rank], SPAR_OK);
        assert_int_equal(spar_allgather_flags(job->allgathers[rank]), flags);
        assert_memory_equal(job->gradients[rank], job->gradients_before[rank],
                            bytes_of(job));
        assert_memory_equal(job->residuals[rank], job->residuals_before[rank],
                            bytes_of(job));
    }
}

static void one_rank_with_nan_leaves_all_untouched(void **state)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        job_t job;

        setup_job(&job, 5, 1000, 10, NULL);
        job.in_place = true;
        assert_true(run_step(&job));
        for (int rank = 0; rank < job.size; rank++) {
            for (uint64_t j = 0; j < job.count; j++) {
                job.gradients[rank][j] = random_float();
            }
        }
        job.gradients[3][999] = values[i];
        for (int rank = 0; rank < job.size; rank++) {
            start_rank(&job, rank);
        }
        job.step++;
        assert_true(drive(&job));
        check_untouched(&job, SPAR_WIRE_NONFINITE);
        /* and the next step is sparse again */
        assert_true(run_step(&job));
        check_step(&job);
        teardown_job(&job);
    }
}

static void one_rank_with_a_request_binds_all(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 4, 1000, 10, NULL);
    job.extra_flags[0] = SPAR_WIRE_PAUSED;
    job.extra_flags[2] = SPAR_WIRE_FLUSH;
    assert_true(run_step(&job));
    check_untouched(&job, SPAR_WIRE_PAUSED | SPAR_WIRE_FLUSH);
    job.extra_flags[0] = job.extra_flags[2] = 0;
    assert_true(run_step(&job));
    check_step(&job);
    teardown_job(&job);
}

static void a_rank_in_another_layer_is_named(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 3, 100, 10, NULL);
    for (int rank = 0; rank < 3; rank++) {
        job.step = rank == 1 ? 9 : 4;
        start_rank(&job, rank);
    }
    drive(&job);
    assert_int_equal(job.status[0], SPAR_ERR_DISAGREE);
    assert_int_equal(job.status[2], SPAR_ERR_DISAGREE);
    assert_non_null(strstr(spar_allgather_cause(job.allgathers[0]), "rank 1"));
    assert_non_null(strstr(spar_allgather_cause(job.allgathers[0]), "layer 7"));
    teardown_job(&job);
}

/* Whatever goes wrong once in the network: an error or the right result, on
 * each rank, and nothing left under way. */
static void faults_never_pass_silently(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 24; number++) {
        for (int kind = 0; kind < 3; kind++) {
            spar_loopback_faults_t faults = {.seed = number, .lost_rank = -1};
            bool hit = false;
            job_t job;

            faults.fail_call = kind == 0 ? number : 0;
            faults.truncate_message = kind == 1 ? number : 0;
            /* headers only: payloads carry no checksum of their own */
            faults.damage_message = kind == 2 ? (number - 1) % 12 + 1 : 0;
            setup_job(&job, 4, 300, 30, &faults);
            (void)run_step(&job);
            for (int rank = 0; rank < 4; rank++) {
                hit |= job.status[rank] < 0;
                if (job.status[rank] < 0) {
                    assert_true(strlen(spar_allgather_cause(
                                    job.allgathers[rank])) > 10);
                    assert_int_equal(
                        spar_allgather_progress(job.allgathers[rank]),
                        SPAR_ERR_INVALID);
                }
            }
            assert_true(hit);
            teardown_job(&job);
        }
    }
}

static void a_lost_rank_never_looks_like_success(void **state)
{
    spar_loopback_faults_t faults = {.lost_rank = 2, .lost_after = 5};
    job_t job;

    (void)state;
    setup_job(&job, 3, 100, 10, &faults);
    assert_false(run_step(&job));
    assert_int_equal(job.status[0], SPAR_INPROGRESS);
    teardown_job(&job);
}

static void the_volume_is_p_minus_one_payloads(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 4, 100000, 1000, NULL);
    assert_true(run_step(&job));
    for (int rank = 0; rank < 4; rank++) {
        uint64_t sent = spar_loopback_bytes_sent(job.loopback, rank);

        assert_int_equal(sent, spar_allgather_bytes_sent(job.allgathers[rank]));
        assert_true(sent <= 3 * (SPAR_WIRE_HEADER_BYTES + 1000 * 6));
        assert_true(sent >= 3 * (SPAR_WIRE_HEADER_BYTES + 1000 * 5));
    }
    teardown_job(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_sums_and_conserves),
        cmocka_unit_test(large_layers_are_committed_piece_by_piece),
        cmocka_unit_test(all_selected_and_one_element_work),
        cmocka_unit_test(one_rank_with_nan_leaves_all_untouched),
        cmocka_unit_test(one_rank_with_a_request_binds_all),
        cmocka_unit_test(a_rank_in_another_layer_is_named),
        cmocka_unit_test(faults_never_pass_silently),
        cmocka_unit_test(a_lost_rank_never_looks_like_success),
        cmocka_unit_test(the_volume_is_p_minus_one_payloads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
