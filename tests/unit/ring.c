#include "unit.h"

#include "exchange/loopback.h"
#include "exchange/ring.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RANKS 33
/* Looks at each rank without a change after which nothing can happen. */
#define PATIENCE 50
#define FAULTS   1500
/* Floats of some chunks per segment, and a last one that is not full. */
#define CHUNKED(size) ((uint64_t)(size) * (5 * 65536 + 321) + 1)

typedef struct job {
    int size;
    spar_dtype_t dtype;
    uint64_t count;
    spar_loopback_t *loopback;
    spar_ring_t *rings[MOST_RANKS];
    void *data[MOST_RANKS];
    void *input[MOST_RANKS];
    spar_status_t status[MOST_RANKS];
} job_t;

static spar_loopback_faults_t slow(uint64_t seed)
{
    return (spar_loopback_faults_t){
        .seed = seed, .max_delay = 9, .lost_rank = -1};
}

/* Values of very different magnitude: their sum depends on the order. */
static double sample(uint64_t *random)
{
    int exponent;

    *random = *random * 6364136223846793005u + 1442695040888963407u;
    exponent = (int)(*random >> 33) % 13;
    return (double)((int)(*random >> 40) - (1 << 23)) / (double)(1 << exponent);
}

static void store(spar_dtype_t dtype, void *array, uint64_t i, double value)
{
    if (dtype == SPAR_DTYPE_F64) {
        ((double *)array)[i] = value / 3;
    } else {
        ((float *)array)[i] = (float)value;
    }
}

static void fill(job_t *job, uint64_t seed)
{
    size_t bytes = job->count * spar_dtype_size(job->dtype);

    for (int rank = 0; rank < job->size; rank++) {
        uint64_t random = seed * 977 + (uint64_t)rank;

        for (uint64_t i = 0; i < job->count; i++) {
            store(job->dtype, job->input[rank], i, sample(&random));
        }
        memcpy(job->data[rank], job->input[rank], bytes);
    }
}

static void setup_job(job_t *job, int size, spar_dtype_t dtype, uint64_t count,
                      const spar_loopback_faults_t *faults)
{
    *job = (job_t){.size = size, .dtype = dtype, .count = count};
    assert_int_equal(spar_loopback_create(size, faults, &job->loopback),
                     SPAR_OK);
    for (int rank = 0; rank < size; rank++) {
        job->data[rank] = malloc(count * spar_dtype_size(dtype) + 1);
        job->input[rank] = malloc(count * spar_dtype_size(dtype) + 1);
        assert_non_null(job->data[rank]);
        assert_non_null(job->input[rank]);
        assert_int_equal(
            spar_ring_create(spar_loopback_transport(job->loopback, rank), 3,
                             &job->rings[rank]),
            SPAR_OK);
        assert_int_equal(spar_ring_reserve(job->rings[rank], dtype, count),
                         SPAR_OK);
    }
    fill(job, 1);
}

static void drive_job(job_t *job)
{
    uint64_t before = 0;
    int idle = 0;

    for (int turn = 0; idle < PATIENCE * job->size; turn++) {
        /* 37: no size here shares a factor with it. */
        int rank = turn * 37 % job->size;
        uint64_t now;

        if (job->status[rank] == SPAR_INPROGRESS) {
            job->status[rank] = spar_ring_progress(job->rings[rank]);
        }
        now = spar_loopback_activity(job->loopback);
        idle = now == before ? idle + 1 : 0;
        before = now;
    }
}

/* Worst status over the ranks. */
static spar_status_t run_job(job_t *job)
{
    spar_status_t worst = SPAR_OK;

    for (int rank = 0; rank < job->size; rank++) {
        job->status[rank] = spar_ring_start(job->rings[rank], job->dtype,
                                            job->count, job->data[rank]);
        if (job->status[rank] == SPAR_OK) {
            job->status[rank] = SPAR_INPROGRESS;
        }
    }
    drive_job(job);
    for (int rank = 0; rank < job->size; rank++) {
        if (job->status[rank] != SPAR_OK && worst >= 0) {
            worst = job->status[rank];
        }
    }
    return worst;
}

static void teardown_job(job_t *job)
{
    for (int rank = 0; rank < job->size; rank++) {
        spar_ring_destroy(job->rings[rank]);
        free(job->data[rank]);
        free(job->input[rank]);
    }
    assert_int_equal(spar_loopback_pending(job->loopback), 0);
    spar_loopback_destroy(job->loopback);
}

/* The sum of an element in the order of the ring, which begins at the rank
 * whose number is that of the segment. */
static void sum_in_order(const job_t *job, int first, uint64_t i, void *sum)
{
    for (int step = 0; step < job->size; step++) {
        int rank = (first + step) % job->size;

        if (job->dtype == SPAR_DTYPE_F64) {
            double value = ((const double *)job->input[rank])[i];

            ((double *)sum)[i] = step == 0 ? value : ((double *)sum)[i] + value;
        } else {
            float value = ((const float *)job->input[rank])[i];

            ((float *)sum)[i] = step == 0 ? value : ((float *)sum)[i] + value;
        }
    }
}

/* On the ranks that have ended well. */
static void check_sum(const job_t *job)
{
    uint64_t size = (uint64_t)job->size, begin = 0;
    size_t bytes = job->count * spar_dtype_size(job->dtype);
    void *sum = malloc(bytes + 1);

    assert_non_null(sum);
    for (uint64_t segment = 0; segment < size; segment++) {
        uint64_t end =
            begin + job->count / size + (segment < job->count % size);

        for (uint64_t i = begin; i < end; i++) {
            sum_in_order(job, (int)segment, i, sum);
        }
        begin = end;
    }
    assert_int_equal(begin, job->count);
    for (int rank = 0; rank < job->size; rank++) {
        if (bytes > 0 && job->status[rank] == SPAR_OK) {
            assert_memory_equal(job->data[rank], sum, bytes);
        }
    }
    free(sum);
}

static void every_size_sums_in_ring_order(void **state)
{
    static const uint64_t counts[] = {0, 1, 2, 7, 33, 1000, 4099};

    (void)state;
    for (int size = 1; size <= MOST_RANKS; size++) {
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            spar_loopback_faults_t faults = slow((uint64_t)size);
            job_t job;

            setup_job(&job, size, i % 2 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                      counts[i], &faults);
            assert_int_equal(run_job(&job), SPAR_OK);
            check_sum(&job);
            teardown_job(&job);
        }
    }
}

static void segments_of_many_chunks_sum_in_ring_order(void **state)
{
    static const int sizes[] = {2, 3, 5, 8};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        spar_loopback_faults_t faults = slow(i);
        job_t job;

        setup_job(&job, sizes[i], i % 2 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                  CHUNKED(sizes[i]), &faults);
        assert_int_equal(run_job(&job), SPAR_OK);
        check_sum(&job);
        teardown_job(&job);
    }
}

/* Of a segment that is an element short, the last chunk is empty. */
static void a_last_chunk_of_one_element_sums(void **state)
{
    spar_loopback_faults_t faults = slow(4);
    job_t job;

    (void)state;
    setup_job(&job, 3, SPAR_DTYPE_F32, 3 * 65536 + 1, &faults);
    assert_int_equal(run_job(&job), SPAR_OK);
    check_sum(&job);
    teardown_job(&job);
}

static void rings_run_again_with_smaller_layers(void **state)
{
    spar_loopback_faults_t faults = slow(7);
    job_t job;

    (void)state;
    setup_job(&job, 4, SPAR_DTYPE_F32, CHUNKED(4), &faults);
    for (uint64_t turn = 0; turn < 4; turn++) {
        fill(&job, turn);
        assert_int_equal(run_job(&job), SPAR_OK);
        check_sum(&job);
        job.count /= 9;
    }
    teardown_job(&job);
}

static void ranks_send_the_least_and_scratch_is_a_few_chunks(void **state)
{
    uint64_t count = 5 * 400000;
    job_t job;

    (void)state;
    setup_job(&job, 5, SPAR_DTYPE_F32, count, NULL);
    assert_int_equal(run_job(&job), SPAR_OK);
    for (int rank = 0; rank < 5; rank++) {
        assert_int_equal(spar_ring_bytes_sent(job.rings[rank]),
                         2 * 4 * count / 5 * sizeof(float));
        assert_true(spar_ring_memory(job.rings[rank]) > 0);
        assert_true(spar_ring_memory(job.rings[rank]) <
                    count / 5 * sizeof(float));
    }
    teardown_job(&job);
}

static void moves_tell_progress_from_waiting(void **state)
{
    float data[2][2] = {{1, 2}, {3, 4}};
    uint64_t before;
    job_t job;

    (void)state;
    setup_job(&job, 2, SPAR_DTYPE_F32, 2, NULL);
    assert_int_equal(spar_ring_start(job.rings[0], SPAR_DTYPE_F32, 2, data[0]),
                     SPAR_OK);
    /* The loopback's sends are done at once; nothing else is, as the other
     * rank does not take part. */
    assert_int_equal(spar_ring_progress(job.rings[0]), SPAR_INPROGRESS);
    before = spar_ring_moves(job.rings[0]);
    assert_int_equal(spar_ring_progress(job.rings[0]), SPAR_INPROGRESS);
    assert_int_equal(spar_ring_moves(job.rings[0]), before);
    assert_int_equal(spar_ring_start(job.rings[1], SPAR_DTYPE_F32, 2, data[1]),
                     SPAR_OK);
    assert_int_equal(spar_ring_progress(job.rings[0]), SPAR_INPROGRESS);
    assert_int_not_equal(spar_ring_moves(job.rings[0]), before);
    teardown_job(&job);
}

static void what_there_is_no_room_for_is_refused(void **state)
{
    float data[3] = {1, 2, 3};
    job_t job;

    (void)state;
    setup_job(&job, 2, SPAR_DTYPE_F32, 2, NULL);
    assert_int_equal(spar_ring_start(job.rings[0], SPAR_DTYPE_F32, 1000, data),
                     SPAR_ERR_INVALID);
    assert_int_equal(spar_ring_start(job.rings[0], SPAR_DTYPE_F32, 2, data),
                     SPAR_OK);
    assert_int_equal(spar_ring_start(job.rings[0], SPAR_DTYPE_F32, 2, data),
                     SPAR_ERR_INVALID);
    teardown_job(&job);
}

static void a_failing_call_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    /* 4 ranks make 6 sends and 6 receives each. */
    for (uint64_t call = 1; call <= 49; call++) {
        spar_loopback_faults_t faults = {.fail_call = call, .lost_rank = -1};
        job_t job;

        setup_job(&job, 4, SPAR_DTYPE_F32, 100, &faults);
        if (call <= 48) {
            assert_int_not_equal(run_job(&job), SPAR_OK);
        } else {
            assert_int_equal(run_job(&job), SPAR_OK);
        }
        teardown_job(&job);
    }
}

static void a_short_message_is_an_error_and_final(void **state)
{
    spar_loopback_faults_t faults = {.truncate_message = 9, .lost_rank = -1};
    int failed = 0;
    job_t job;

    (void)state;
    setup_job(&job, 3, SPAR_DTYPE_F32, CHUNKED(3), &faults);
    assert_int_not_equal(run_job(&job), SPAR_OK);
    for (int rank = 0; rank < 3; rank++) {
        failed += spar_ring_progress(job.rings[rank]) == SPAR_ERR_INVALID;
    }
    assert_int_equal(failed, 1);
    teardown_job(&job);
}

static uint64_t below(uint64_t *random, uint64_t limit)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 33) % limit;
}

/* A call that fails, a message that is short, a rank that falls silent. A
 * message that comes twice, or with other bits, is nothing that a ring can
 * notice: its messages are bare elements. */
static void fault_at_random(uint64_t number)
{
    uint64_t random = number * 977 + 5;
    int size = 2 + (int)below(&random, 15);
    uint64_t count = 1 + below(&random, 400);
    uint64_t message = 1 + below(&random, (uint64_t)(size * size) * 2);
    spar_loopback_faults_t faults = slow(number);
    spar_status_t worst;
    bool hit;
    job_t job;

    switch (number % 3) {
    case 0:
        faults.fail_call = 2 * message;
        break;
    case 1:
        faults.truncate_message = message;
        break;
    default:
        faults.lost_rank = (int)below(&random, (uint64_t)size);
        faults.lost_after = message - 1;
        break;
    }
    setup_job(&job, size, number % 2 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32, count,
              &faults);
    worst = run_job(&job);
    check_sum(&job);
    hit = number % 3 == 0   ? spar_loopback_calls(job.loopback) >= 2 * message
          : number % 3 == 1 ? spar_loopback_messages(job.loopback) >= message
                            : worst == SPAR_INPROGRESS;
    /* An error exactly where there was a fault; a loss is waited for. */
    assert_int_equal(hit, worst != SPAR_OK);
    assert_int_equal(hit && number % 3 != 2, worst < 0);
    teardown_job(&job);
}

static void random_faults_give_no_wrong_sum(void **state)
{
    (void)state;
    for (uint64_t number = 0; number < FAULTS; number++) {
        fault_at_random(number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_sums_in_ring_order),
        cmocka_unit_test(segments_of_many_chunks_sum_in_ring_order),
        cmocka_unit_test(a_last_chunk_of_one_element_sums),
        cmocka_unit_test(rings_run_again_with_smaller_layers),
        cmocka_unit_test(ranks_send_the_least_and_scratch_is_a_few_chunks),
        cmocka_unit_test(moves_tell_progress_from_waiting),
        cmocka_unit_test(what_there_is_no_room_for_is_refused),
        cmocka_unit_test(a_failing_call_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_short_message_is_an_error_and_final),
        cmocka_unit_test(random_faults_give_no_wrong_sum)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
