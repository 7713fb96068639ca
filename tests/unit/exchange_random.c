/*
 * All algorithms against each other: the same random job, step by step. Each
 * step is checked by itself; moreover all algorithms that deliver everything
 * have to agree. A seed can be given as argument.
 */
#include "algorithms.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOBS  60
#define STEPS 4

static uint64_t seed;

static uint64_t below(uint64_t *random, uint64_t limit)
{
    return (uint64_t)(job_random(random) * (double)limit);
}

static job_shape_t random_shape(uint64_t *random)
{
    spar_values_t values = (spar_values_t)below(random, 5);
    bool exact = values == SPAR_VALUES_F32 || values == SPAR_VALUES_F64;
    job_shape_t shape = {.size = 1 + (int)below(random, 33),
                         .count = 1 + below(random, 3000),
                         .values = values,
                         .dtype = spar_values_dtype(values),
                         .in_place = below(random, 2) != 0,
                         .eager = below(random, 2) != 0,
                         .late = below(random, 2) != 0,
                         .whole = below(random, 4) != 0,
                         .clustered = below(random, 2) != 0,
                         .stateless = below(random, 4) == 0,
                         .lossless = exact && below(random, 5) == 0,
                         .seed = below(random, UINT32_MAX),
                         .faults = {.max_delay = (unsigned)below(random, 9)}};

    shape.k = 1 + (uint64_t)(job_random(random) * job_random(random) *
                             (double)shape.count);
    return shape;
}

/* Says what went wrong in a job that should have ended well. */
static void fail_job(const job_t *job)
{
    for (int rank = 0; rank < job->shape.size; rank++) {
        print_message("%s, rank %d of %d: status %d %s\n", job->algorithm->name,
                      rank, job->shape.size, (int)job->ranks[rank].status,
                      job->ranks[rank].exchange->cause);
    }
    fail();
}

/* Runs a job; results[step] gets each step's sum. */
static void run(const job_algorithm_t *algorithm, const job_shape_t *shape,
                void **results)
{
    job_t *job = malloc(sizeof(*job));

    assert_non_null(job);
    job_setup(job, algorithm, shape);
    for (int step = 0; step < STEPS; step++) {
        if (!job_step(job)) {
            fail_job(job);
        }
        job_check(job);
        results[step] = malloc(job_bytes(job));
        assert_non_null(results[step]);
        memcpy(results[step], job_result(job, 0), job_bytes(job));
    }
    job_teardown(job);
    free(job);
}

static void compare(const job_shape_t *shape)
{
    void *results[JOB_ALGORITHMS][STEPS];

    for (size_t i = 0; i < JOB_ALGORITHMS; i++) {
        run(&job_algorithms[i], shape, results[i]);
    }
    for (size_t i = 1; i < JOB_ALGORITHMS; i++) {
        /* Without a residual, a split delivers everything, too. */
        bool same = job_algorithms[i].partial ? shape->lossless : shape->whole;

        same = same && !job_algorithms[i].dense;
        for (int step = 0; same && step < STEPS; step++) {
            assert_memory_equal(results[0][step], results[i][step],
                                shape->count * spar_dtype_size(shape->dtype));
        }
    }
    for (size_t i = 0; i < JOB_ALGORITHMS; i++) {
        for (int step = 0; step < STEPS; step++) {
            free(results[i][step]);
        }
    }
}

static void all_algorithms_agree(void **state)
{
    uint64_t random = seed * 2654435761u + 88172645463325252u;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < JOBS; i++) {
        job_shape_t shape = random_shape(&random);

        compare(&shape);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_algorithms_agree)};

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
