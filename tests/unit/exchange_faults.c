/*
 * Random jobs of which one thing goes wrong: every algorithm x shape x fault.
 * However it ends, no rank takes a wrong sum for a right one:
 *
 *   - ranks that end well have the same, right sum and have conserved what was
 *     not sent, or all know of a flag and have changed nothing;
 *   - the others have an error that names the layer and a rank, or wait, so
 *     that their caller can give the exchange up;
 *   - nothing is left under way, and without a fault nothing is left unread.
 *
 * Arguments: runs, and the seed of the first one (each run says its seed if it
 * fails). Entries have no checksum, as MPI's transports see to that: where a
 * bit of them is damaged, only memory is checked (by the sanitizers).
 */
#include "algorithms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 4000
/* So many runs meet every fault with every algorithm. */
#define RUNS_FOR_ALL 2000

typedef enum fault {
    FAULT_NONE,
    FAULT_CALL,      /* a send or receive cannot be started */
    FAULT_HEADER,    /* a bit of a header is flipped */
    FAULT_ENTRIES,   /* a bit anywhere */
    FAULT_SHORT,     /* a message is a byte short */
    FAULT_TWICE,     /* a message comes twice */
    FAULT_LOST,      /* a rank falls silent */
    FAULT_NONFINITE, /* NaN or Inf on a rank */
    FAULT_FLAGS,     /* ranks ask for a dense call */
    FAULT_OTHER,     /* a rank is in another exchange */
    FAULT_NO_ROOM,   /* a rank has no memory */
    FAULTS
} fault_t;

typedef struct run {
    uint64_t random;
    fault_t fault;
    int steps;
    int at; /* the step in which a rank's own fault happens */
    int who;
    const job_algorithm_t *algorithm;
    job_shape_t shape;
    uint32_t flags; /* of all ranks, in the present step */
    job_t job;
} run_t;

static uint64_t runs, seed;
static bool under_way; /* a run that has not passed */
/* By algorithm and fault: how often the fault was met. */
static uint64_t met[JOB_ALGORITHMS][FAULTS];
static uint64_t ended, flagged, failed, waiting; /* steps */

static uint64_t below(run_t *run, uint64_t limit)
{
    return (uint64_t)(job_random(&run->random) * (double)limit);
}

static bool toss(run_t *run)
{
    return below(run, 2) != 0;
}

/* About as many messages as a job sends. */
static uint64_t some_message(run_t *run)
{
    uint64_t size = (uint64_t)run->shape.size, most = 2;

    while (most < size * 4) {
        most *= 2; /* about the rounds of doubling, times 8 */
    }
    most = run->algorithm->in_rank_order || run->algorithm->dense
               ? 2 * size * size
               : most + 4 * size;
    return 1 + below(run, most * (uint64_t)run->steps);
}

static void choose_shape(run_t *run)
{
    spar_values_t values = (spar_values_t)below(run, 5);
    bool exact = values == SPAR_VALUES_F32 || values == SPAR_VALUES_F64;
    uint64_t most = below(run, 8) == 0 ? 2000 : 120;
    job_shape_t *shape = &run->shape;

    *shape = (job_shape_t){.size = 2 + (int)below(run, 15),
                           .count = 1 + below(run, most),
                           .values = values,
                           .dtype = spar_values_dtype(values),
                           .in_place = toss(run),
                           .eager = toss(run),
                           .late = toss(run),
                           .whole = toss(run),
                           .clustered = toss(run),
                           .stateless = below(run, 4) == 0,
                           .lossless = exact && below(run, 5) == 0,
                           .seed = below(run, UINT32_MAX),
                           .faults = {.max_delay = (unsigned)below(run, 9)}};
    shape->drop = shape->late && below(run, 4) == 0;
    shape->k = 1 + (uint64_t)(job_random(&run->random) *
                              job_random(&run->random) * (double)shape->count);
}

static void choose_fault(run_t *run)
{
    spar_loopback_faults_t *faults = &run->shape.faults;
    uint64_t number = some_message(run);

    run->fault = (fault_t)below(run, FAULTS);
    run->at = (int)below(run, (uint64_t)run->steps);
    run->who = (int)below(run, (uint64_t)run->shape.size);
    switch (run->fault) {
    case FAULT_CALL:
        faults->fail_call = 2 * number - below(run, 2);
        break;
    case FAULT_HEADER:
        faults->damage_within = SPAR_WIRE_HEADER_BYTES;
        faults->damage_message = number;
        break;
    case FAULT_ENTRIES:
        faults->damage_message = number;
        break;
    case FAULT_SHORT:
        faults->truncate_message = number;
        break;
    case FAULT_TWICE:
        faults->duplicate_message = number;
        break;
    case FAULT_LOST:
        faults->lost_after = number - 1;
        run->shape.lost = 1 + run->who;
        break;
    case FAULT_NO_ROOM:
        run->shape.eager = false; /* which says that all have it */
        break;
    default:
        break;
    }
}

static void choose(run_t *run)
{
    run->random = seed * 2654435761u + 88172645463325252u;
    /* Neighbouring seeds begin alike. */
    for (int i = 0; i < 8; i++) {
        (void)job_random(&run->random);
    }
    run->algorithm = &job_algorithms[below(run, JOB_ALGORITHMS)];
    run->steps = 1 + (int)below(run, 3);
    choose_shape(run);
    choose_fault(run);
}

/* Of the network: whether it has happened by now. */
static bool is_struck(const run_t *run)
{
    const spar_loopback_faults_t *faults = &run->shape.faults;
    uint64_t messages = spar_loopback_messages(run->job.loopback);

    switch (run->fault) {
    case FAULT_CALL:
        return spar_loopback_calls(run->job.loopback) >= faults->fail_call;
    case FAULT_HEADER:
    case FAULT_ENTRIES:
        return messages >= faults->damage_message;
    case FAULT_SHORT:
        return messages >= faults->truncate_message;
    case FAULT_TWICE:
        return messages >= faults->duplicate_message;
    case FAULT_LOST:
        return messages >= faults->lost_after;
    default:
        return false;
    }
}

/* What a rank itself brings along. */
static void strike(run_t *run)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    job_t *job = &run->job;
    job_rank_t *rank = &job->ranks[run->who];

    switch (run->fault) {
    case FAULT_NONFINITE:
        job_put(job, rank->gradient, below(run, run->shape.count),
                bad[below(run, 3)]);
        run->flags = SPAR_WIRE_NONFINITE;
        break;
    case FAULT_FLAGS:
        for (int i = 0; i < 2; i++) {
            uint64_t who = below(run, (uint64_t)run->shape.size);
            uint32_t flag = SPAR_WIRE_NO_MEMORY << below(run, 5);

            job->ranks[who].flags |= flag;
            run->flags |= flag;
        }
        break;
    case FAULT_OTHER:
        rank->step += 1 + (uint32_t)below(run, 3);
        break;
    case FAULT_NO_ROOM:
        spar_exchange_shrink(rank->exchange);
        rank->flags = run->flags = SPAR_WIRE_NO_MEMORY;
        break;
    default:
        break;
    }
}

/* The next step is as any other. */
static void recover(run_t *run)
{
    const spar_exchange_size_t size = job_room(&run->job);

    run->flags = 0;
    for (int i = 0; i < run->shape.size; i++) {
        run->job.ranks[i].flags = 0;
        assert_int_equal(
            spar_exchange_reserve(run->job.ranks[i].exchange, &size), SPAR_OK);
    }
}

static void check_failed(const job_rank_t *rank)
{
    assert_non_null(strstr(rank->exchange->cause, "layer 7"));
    assert_non_null(strstr(rank->exchange->cause, "rank "));
    assert_int_equal(spar_exchange_progress(rank->exchange), SPAR_ERR_INVALID);
}

/* Ranks that have not ended well; each in a way that tells its caller. */
static int check_not_ended(const run_t *run)
{
    int count = 0, errors = 0;

    for (int i = 0; i < run->shape.size; i++) {
        const job_rank_t *rank = &run->job.ranks[i];

        count += rank->status != SPAR_OK;
        if (rank->status < 0) {
            check_failed(rank);
            errors++;
        }
        if (!run->shape.in_place) {
            assert_memory_equal(rank->gradient, rank->gradient_before,
                                job_bytes(&run->job));
        }
    }
    failed += errors > 0;
    waiting += count > errors;
    /* Only a lost message lets ranks wait for each other without an error. */
    assert_true(count == 0 || errors > 0 || run->fault == FAULT_LOST);
    return count;
}

/* Whether the job can go on. */
static bool check_step(run_t *run, int step)
{
    bool other = run->fault == FAULT_OTHER && step == run->at;
    int not_ended = check_not_ended(run);

    assert_true(not_ended == 0 || other || is_struck(run));
    assert_true(!other || not_ended == run->shape.size);
    if (run->fault == FAULT_ENTRIES && is_struck(run)) {
        return false; /* anything may have come of it */
    }
    if (run->flags != 0 || run->shape.drop) {
        job_check_ended_untouched(&run->job, run->flags);
        flagged += not_ended == 0;
    } else {
        job_check_ended(&run->job);
        ended += not_ended == 0;
    }
    if (not_ended == 0 && run->fault != FAULT_TWICE) {
        assert_int_equal(spar_loopback_undelivered(run->job.loopback), 0);
    }
    return not_ended == 0;
}

static bool step(run_t *run, int number)
{
    bool mine = number == run->at;

    recover(run);
    job_fill(&run->job);
    if (mine) {
        strike(run);
    }
    for (int rank = 0; rank < run->shape.size; rank++) {
        job_start(&run->job, rank);
    }
    (void)job_drive(&run->job);
    return check_step(run, number);
}

static void run_once(run_t *run)
{
    int number = 0;

    choose(run);
    job_setup(&run->job, run->algorithm, &run->shape);
    while (number < run->steps && step(run, number)) {
        number++;
    }
    met[run->algorithm - job_algorithms][run->fault] +=
        is_struck(run) ||
        (number >= run->at &&
         (run->fault == FAULT_NONE || run->fault >= FAULT_NONFINITE));
    job_teardown(&run->job);
}

static void whatever_happens_no_sum_is_wrong(void **state)
{
    run_t *run = malloc(sizeof(*run));
    uint64_t last = seed + runs;

    (void)state;
    assert_non_null(run);
    under_way = true;
    for (; seed < last; seed++) {
        run_once(run);
    }
    under_way = false;
    free(run);
    print_message("%llu runs; of their steps, %llu with a sum, %llu given up "
                  "by a flag, %llu with errors, %llu with waiting ranks\n",
                  (unsigned long long)runs, (unsigned long long)ended,
                  (unsigned long long)flagged, (unsigned long long)failed,
                  (unsigned long long)waiting);
    for (size_t i = 0; runs >= RUNS_FOR_ALL && i < JOB_ALGORITHMS; i++) {
        for (size_t fault = 0; fault < FAULTS; fault++) {
            assert_true(met[i][fault] > 0);
        }
    }
}

static int name_failed_run(void **state)
{
    (void)state;
    if (under_way) {
        print_error("to repeat the run alone: arguments 1 %llu\n",
                    (unsigned long long)seed);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(
        whatever_happens_no_sum_is_wrong, name_failed_run)};

    runs = argc > 1 ? strtoull(argv[1], NULL, 10) : RUNS;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10)
                    : (uint64_t)time(NULL) * 1000003u;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
