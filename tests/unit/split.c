#include "exchange_cases.h"

#include "exchange/split.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static spar_status_t create(const job_t *job, spar_transport_t *transport,
                            spar_exchange_t **exchange_p)
{
    (void)job;
    return spar_split_create(transport, 1, exchange_p);
}

static const job_algorithm_t split = {
    .name = "split", .create = create, .in_rank_order = true, .partial = true};

/* A new step of which the gradients are scaled by a profile over the layer. */
static void run_profile(job_t *job, double (*profile)(double place))
{
    uint64_t count = job->shape.count;

    job_fill(job);
    for (int rank = 0; rank < job->shape.size; rank++) {
        void *gradient = job->ranks[rank].gradient;

        for (uint64_t i = 0; i < count; i++) {
            double scale = profile(((double)i + 0.5) / (double)count);

            job_put(job, gradient, i, job_get(job, gradient, i) * scale);
        }
    }
    for (int rank = 0; rank < job->shape.size; rank++) {
        job_start(job, rank);
    }
    assert_true(job_drive(job));
}

static double flat(double place)
{
    (void)place;
    return 1;
}

/* Nine tenths of what is selected lie in a sixteenth of the layer. */
static double block(double place)
{
    return place > 0.3 && place < 0.3625 ? 30 : 1;
}

/* Falls steeply from the begin on. */
static double slope(double place)
{
    return exp(-12 * place);
}

/* The largest share of the entries of all ranks that lies in one region, times
 * the number of regions. */
static double peak_load(const job_t *job, const spar_split_state_t *regions)
{
    double most = 0, all = 0;

    for (int owner = 0; owner < job->shape.size; owner++) {
        double load = 0;

        for (int rank = 0; rank < job->shape.size; rank++) {
            const spar_selection_t *selection = &job->ranks[rank].selection;

            for (size_t i = 0; i < selection->count; i++) {
                load +=
                    selection->indices[i] >= spar_split_begin(regions, owner) &&
                    selection->indices[i] <
                        spar_split_begin(regions, owner + 1);
            }
        }
        most = fmax(most, load);
        all += load;
    }
    return most * job->shape.size / all;
}

typedef struct burden {
    double sent; /* bytes, by the rank that sends most */
    double peak; /* most over mean of what ranks send and receive */
    double load; /* the same of what owners receive of entries */
} burden_t;

/* What a step makes the ranks carry. */
static burden_t measure(job_t *job, double (*profile)(double place))
{
    spar_split_state_t regions = job->ranks[0].state;
    double before[JOB_MOST_RANKS];
    double most = 0, all = 0;
    burden_t burden = {0, 0, 0};

    for (int rank = 0; rank < job->shape.size; rank++) {
        before[rank] =
            (double)(spar_loopback_bytes_sent(job->loopback, rank) +
                     spar_loopback_bytes_received(job->loopback, rank));
    }
    spar_split_state_prepare(&regions, job->shape.dtype, job->shape.count,
                             job->shape.size);
    run_profile(job, profile);
    for (int rank = 0; rank < job->shape.size; rank++) {
        double carried =
            (double)(spar_loopback_bytes_sent(job->loopback, rank) +
                     spar_loopback_bytes_received(job->loopback, rank)) -
            before[rank];

        burden.sent =
            fmax(burden.sent, (double)job->ranks[rank].exchange->bytes_sent);
        most = fmax(most, carried);
        all += carried;
    }
    burden.peak = most * job->shape.size / all;
    burden.load = peak_load(job, &regions);
    return burden;
}

static void check_burden(int size, double (*profile)(double place),
                         const char *name)
{
    const uint64_t k = 2400;
    double bound = 6.0 * (double)k * (size - 1) / size * 4 * 1.05;
    job_t job;

    job_setup(&job, &split,
              &(job_shape_t){.size = size,
                             .count = 24000,
                             .k = k,
                             .eager = true,
                             .seed = (uint64_t)size});
    for (int step = 1; step <= 12; step++) {
        burden_t burden = measure(&job, profile);

        if (step == 1 || step == 12) {
            print_message("%s, %d ranks, step %d: %.0f %% of the bound of "
                          "volume, busiest rank %.2f, owner %.2f of the mean\n",
                          name, size, step, 100 * burden.sent / bound,
                          burden.peak, burden.load);
        }
        assert_true(burden.sent <= bound);
        if (step > 10) {
            assert_true(burden.peak <= 1.3);
            assert_true(burden.load <= 1.3);
            job_check(&job);
        }
    }
    job_teardown(&job);
}

/* 6k (P-1)/P words, of 4 bytes, and 5 %; and no rank carries more than 1.3
 * times the mean, once the regions follow the entries. */
static void volume_and_balance(void **state)
{
    static const int sizes[] = {4, 7, 33, 64};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        check_burden(sizes[i], flat, "even");
        check_burden(sizes[i], block, "block");
        check_burden(sizes[i], slope, "slope");
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The sums of all ranks' entries, from the selections. */
static void sum_up(const job_t *job, double *sums)
{
    for (int rank = 0; rank < job->shape.size; rank++) {
        const spar_selection_t *selection = &job->ranks[rank].selection;

        for (size_t i = 0; i < selection->count; i++) {
            sums[selection->indices[i]] += job_get(job, selection->values, i);
        }
    }
}

/* In each region as many as are allowed, and the largest ones. */
static void check_region(const job_t *job, const double *sums, uint32_t begin,
                         uint32_t end)
{
    uint64_t most = (2 * job->shape.k + (uint64_t)job->shape.size - 1) /
                    (uint64_t)job->shape.size;
    double *sizes = malloc((end - begin + 1) * sizeof(*sizes));
    size_t found = 0, sent = 0, zeros = 0;
    double least = DBL_MAX;

    assert_non_null(sizes);
    for (uint32_t i = begin; i < end; i++) {
        double value = job_get(job, job_result(job, 0), i);

        zeros += sums[i] == 0;
        sizes[found++] = fabs(sums[i]);
        if (value != 0) {
            sent++;
            least = fmin(least, fabs(value));
        }
    }
    qsort(sizes, found, sizeof(*sizes), compare);
    assert_int_equal(sent, found - zeros < most ? found - zeros : most);
    if (sent > 0) {
        assert_true(fabs(least - sizes[found - sent]) <= 1e-6 * least);
    }
    free(sizes);
}

static void owners_send_the_largest_sums(void **state)
{
    (void)state;
    for (int size = 1; size <= 12; size++) {
        job_t job;

        job_setup(&job, &split,
                  &(job_shape_t){.size = size,
                                 .count = 2000,
                                 .k = 100,
                                 .whole = true,
                                 .seed = (uint64_t)size});
        for (int step = 0; step < 5; step++) {
            double *sums = calloc(job.shape.count, sizeof(*sums));
            spar_split_state_t before = job.ranks[0].state;

            assert_non_null(sums);
            spar_split_state_prepare(&before, job.shape.dtype, job.shape.count,
                                     size);
            run_profile(&job, step > 2 ? slope : flat);
            sum_up(&job, sums);
            for (int rank = 0; rank < size; rank++) {
                check_region(&job, sums, spar_split_begin(&before, rank),
                             spar_split_begin(&before, rank + 1));
            }
            job_check(&job);
            free(sums);
        }
        job_teardown(&job);
    }
}

/* All ranks cut alike; without a state, every call starts with equal regions.
 */
static void regions_are_the_same_everywhere(void **state)
{
    (void)state;
    for (int size = 2; size <= 20; size += 3) {
        job_t job;
        bool moved;

        job_setup(&job, &split,
                  &(job_shape_t){.size = size,
                                 .count = 5000,
                                 .k = 300,
                                 .in_place = true,
                                 .faults = {.max_delay = 3}});
        for (int step = 0; step < 9; step++) {
            spar_split_state_t before = job.ranks[0].state;

            job.shape.stateless = step == 7;
            run_profile(&job, step < 5 ? slope : block);
            job_check(&job);
            for (int rank = 1; rank < size; rank++) {
                assert_memory_equal(job.ranks[rank].state.begins,
                                    job.ranks[0].state.begins,
                                    sizeof(job.ranks[0].state.begins));
            }
            moved = memcmp(before.begins, job.ranks[0].state.begins,
                           sizeof(before.begins)) != 0;
            assert_true(step == 0 || step == 5 ? moved : step != 7 || !moved);
        }
        job_teardown(&job);
    }
}

static void another_cut_is_noticed(void **state)
{
    job_t job;

    (void)state;
    job_setup(&job, &split,
              &(job_shape_t){.size = 3, .count = 900, .k = 90, .eager = true});
    assert_true(job_step(&job));
    job.ranks[1].state.begins[2]++;
    (void)job_step(&job);
    assert_int_equal(job.ranks[2].status, SPAR_ERR_DISAGREE);
    assert_non_null(strstr(job.ranks[2].exchange->cause, "rank 1"));
    assert_non_null(strstr(job.ranks[2].exchange->cause, "another part"));
    job_teardown(&job);
}

/* Finite gradients whose sum is not: it is delivered, as a dense call would. */
static void overflowing_sums_are_delivered(void **state)
{
    job_t job;

    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        double huge = wide ? DBL_MAX : FLT_MAX;

        job_setup(
            &job, &split,
            &(job_shape_t){.size = 4,
                           .count = 400,
                           .k = 40,
                           .dtype = wide ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32,
                           .values = wide ? SPAR_VALUES_F64 : SPAR_VALUES_F32});
        job_fill(&job);
        for (int rank = 0; rank < 4; rank++) {
            job_put(&job, job.ranks[rank].gradient, 17, huge);
            job_put(&job, job.ranks[rank].gradient, 333, -huge);
            job_start(&job, rank);
        }
        assert_true(job_drive(&job));
        job_check(&job);
        assert_true(job_get(&job, job_result(&job, 2), 17) == INFINITY);
        assert_true(job_get(&job, job_result(&job, 2), 333) == -INFINITY);
        job_teardown(&job);
    }
}

/* One machine serves two layers in turn, each with its own state. */
static void layers_take_turns(void **state)
{
    spar_split_state_t other[5];
    job_t job;

    (void)state;
    memset(other, 0, sizeof(other));
    job_setup(&job, &split, &(job_shape_t){.size = 5, .count = 3000, .k = 200});
    for (int step = 0; step < 8; step++) {
        for (int layer = 0; layer < 2; layer++) {
            for (int rank = 0; rank < 5; rank++) {
                memset(job.ranks[rank].residual, 0, job_bytes(&job));
            }
            run_profile(&job, layer == 0 ? slope : flat);
            job_check(&job);
            for (int rank = 0; rank < 5; rank++) {
                spar_split_state_t kept = other[rank];

                other[rank] = job.ranks[rank].state;
                job.ranks[rank].state = kept;
            }
        }
    }
    assert_true(job.ranks[0].state.begins[1] < other[0].begins[1] / 2);
    job_teardown(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXCHANGE_CASES(&split),
        cmocka_unit_test(volume_and_balance),
        cmocka_unit_test(owners_send_the_largest_sums),
        cmocka_unit_test(regions_are_the_same_everywhere),
        cmocka_unit_test(another_cut_is_noticed),
        cmocka_unit_test(overflowing_sums_are_delivered),
        cmocka_unit_test(layers_take_turns)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
