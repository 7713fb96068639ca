#include "unit.h"

#include "exchange/loopback.h"
#include "exchange/ring.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RANKS 33
#define PATIENCE   200000

typedef struct job {
    int size;
    uint64_t count;
    spar_loopback_t *loopback;
    spar_ring_t *rings[MOST_RANKS];
    float *data[MOST_RANKS];
} job_t;

/* Small whole numbers: their sum is exact in any order. */
static float sample(int rank, uint64_t i)
{
    return (float)((int)((i * 31 + (uint64_t)rank * 17) % 199) - 99);
}

static void setup_job(job_t *job, int size, uint64_t count,
                      const spar_loopback_faults_t *faults)
{
    *job = (job_t){.size = size, .count = count};
    assert_int_equal(spar_loopback_create(size, faults, &job->loopback),
                     SPAR_OK);
    for (int rank = 0; rank < size; rank++) {
        job->data[rank] = malloc((count + 1) * sizeof(float));
        for (uint64_t i = 0; i < count; i++) {
            job->data[rank][i] = sample(rank, i);
        }
        assert_int_equal(
            spar_ring_create(spar_loopback_transport(job->loopback, rank), 3,
                             &job->rings[rank]),
            SPAR_OK);
        assert_int_equal(
            spar_ring_reserve(job->rings[rank], SPAR_DTYPE_F32, count),
            SPAR_OK);
    }
}

/* Worst status over the ranks. */
static spar_status_t run_job(job_t *job)
{
    spar_status_t status[MOST_RANKS];
    spar_status_t worst = SPAR_OK;
    int left = 0;

    for (int rank = 0; rank < job->size; rank++) {
        status[rank] = spar_ring_start(job->rings[rank], SPAR_DTYPE_F32,
                                       job->count, job->data[rank]);
        if (status[rank] == SPAR_OK) {
            status[rank] = SPAR_INPROGRESS;
            left++;
        }
    }
    for (int turn = 0; left > 0 && turn < PATIENCE; turn++) {
        int rank = turn * 7 % job->size;

        if (status[rank] == SPAR_INPROGRESS) {
            status[rank] = spar_ring_progress(job->rings[rank]);
            left -= status[rank] != SPAR_INPROGRESS;
        }
    }
    for (int rank = 0; rank < job->size; rank++) {
        if (status[rank] != SPAR_OK) {
            worst = status[rank];
        }
    }
    return worst;
}

static void teardown_job(job_t *job)
{
    for (int rank = 0; rank < job->size; rank++) {
        spar_ring_destroy(job->rings[rank]);
        free(job->data[rank]);
    }
    assert_int_equal(spar_loopback_pending(job->loopback), 0);
    spar_loopback_destroy(job->loopback);
}

static void check_sum(const job_t *job)
{
    for (int rank = 0; rank < job->size; rank++) {
        for (uint64_t i = 0; i < job->count; i++) {
            float sum = 0;

            for (int from = 0; from < job->size; from++) {
                sum += sample(from, i);
            }
            assert_true(job->data[rank][i] == sum);
        }
    }
}

static void every_size_sums(void **state)
{
    static const uint64_t counts[] = {1, 2, 7, 33, 1000, 4099};

    (void)state;
    for (int size = 1; size <= MOST_RANKS; size++) {
        if (size % 7 == 0) {
            continue; /* the turns must reach every rank */
        }
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            spar_loopback_faults_t faults = {
                .seed = (uint64_t)size, .max_delay = 9, .lost_rank = -1};
            job_t job;

            setup_job(&job, size, counts[i], &faults);
            assert_int_equal(run_job(&job), SPAR_OK);
            check_sum(&job);
            /* a second call on the same rings */
            teardown_job(&job);
        }
    }
}

static void ranks_get_the_same_bits_and_send_the_least(void **state)
{
    job_t job;

    (void)state;
    setup_job(&job, 5, 10000, NULL);
    for (int rank = 0; rank < 5; rank++) {
        for (uint64_t i = 0; i < job.count; i++) {
            job.data[rank][i] = (float)rand() / 3.0f;
        }
    }
    assert_int_equal(run_job(&job), SPAR_OK);
    for (int rank = 0; rank < 5; rank++) {
        assert_memory_equal(job.data[rank], job.data[0],
                            job.count * sizeof(float));
        assert_int_equal(spar_ring_bytes_sent(job.rings[rank]),
                         2 * 4 * job.count / 5 * sizeof(float));
    }
    teardown_job(&job);
}

static void a_failing_call_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t call = 1; call < 40; call++) {
        spar_loopback_faults_t faults = {.fail_call = call, .lost_rank = -1};
        job_t job;

        setup_job(&job, 4, 100, &faults);
        assert_int_not_equal(run_job(&job), SPAR_OK);
        teardown_job(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_sums),
        cmocka_unit_test(ranks_get_the_same_bits_and_send_the_least),
        cmocka_unit_test(a_failing_call_is_an_error_and_leaves_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
