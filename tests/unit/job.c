#include "job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Turns without a change after which nothing can happen any more. A rank that
 * has something to do is passed over in a fifth of them. */
#define PATIENCE 200

double job_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (double)(*random >> 11) / 9007199254740992.0;
}

double job_get(const job_t *job, const void *array, uint64_t index)
{
    return job->shape.dtype == SPAR_DTYPE_F64
               ? ((const double *)array)[index]
               : (double)((const float *)array)[index];
}

void job_put(const job_t *job, void *array, uint64_t index, double value)
{
    if (job->shape.dtype == SPAR_DTYPE_F64) {
        ((double *)array)[index] = value;
    } else {
        /* Sums and differences of two floats are rounded once: double has
         * more than twice the digits. */
        ((float *)array)[index] = (float)value;
    }
}

size_t job_bytes(const job_t *job)
{
    return job->shape.count * spar_dtype_size(job->shape.dtype);
}

static void *make(const job_t *job)
{
    void *array = calloc(job->shape.count, spar_dtype_size(job->shape.dtype));

    assert_non_null(array);
    return array;
}

spar_exchange_size_t job_room(const job_t *job)
{
    return (spar_exchange_size_t){.dtype = job->shape.dtype,
                                  .values = job->shape.values,
                                  .count = job->shape.count,
                                  .entries = job->shape.k,
                                  .feedback = !job->shape.lossless,
                                  .targeted = !job->algorithm->dense};
}

static void setup_rank(job_t *job, int index)
{
    job_rank_t *rank = &job->ranks[index];
    const job_shape_t *shape = &job->shape;
    const spar_exchange_size_t size = job_room(job);

    rank->gradient = make(job);
    rank->gradient_before = make(job);
    rank->residual = make(job);
    rank->residual_before = make(job);
    rank->fresh = make(job);
    rank->sums = !shape->lossless && (index + shape->seed) % 2 == 1;
    rank->target = size.targeted && (index + shape->seed) % 4 == 2
                       ? job_target_create(shape->dtype, shape->count)
                       : NULL;
    rank->out = make(job);
    spar_selector_init(&rank->selector,
                       shape->lossless ? SPAR_SELECT_NONZERO
                                       : SPAR_SELECT_EXACT,
                       shape->dtype, shape->count);
    spar_selection_init(&rank->selection);
    assert_int_equal(job->algorithm->create(
                         job, spar_loopback_transport(job->loopback, index),
                         &rank->exchange),
                     SPAR_OK);
    assert_int_equal(spar_exchange_reserve(rank->exchange, &size), SPAR_OK);
    assert_true(rank->exchange->memory > 0);
}

/* What is dense sends all elements of float32 layers. */
static void fit_shape(job_t *job)
{
    job_shape_t *shape = &job->shape;

    if (job->algorithm->dense) {
        shape->lossless = true;
        shape->k = shape->count;
        shape->dtype = SPAR_DTYPE_F32;
        shape->values =
            shape->values == SPAR_VALUES_F64 ? SPAR_VALUES_F32 : shape->values;
    }
}

void job_setup(job_t *job, const job_algorithm_t *algorithm,
               const job_shape_t *shape)
{
    spar_loopback_faults_t faults = shape->faults;

    memset(job, 0, sizeof(*job));
    job->algorithm = algorithm;
    job->shape = *shape;
    fit_shape(job);
    job->random = shape->seed * 2654435761u + 88172645463325252u;
    job->schedule = ~job->random;
    faults.lost_rank = shape->lost - 1;
    faults.seed += shape->seed;
    assert_int_equal(spar_loopback_create(shape->size, &faults, &job->loopback),
                     SPAR_OK);
    for (int rank = 0; rank < shape->size; rank++) {
        setup_rank(job, rank);
    }
}

void job_teardown(job_t *job)
{
    for (int i = 0; i < job->shape.size; i++) {
        job_rank_t *rank = &job->ranks[i];

        spar_exchange_destroy(rank->exchange);
        spar_selection_cleanup(&rank->selection);
        free(rank->gradient);
        free(rank->gradient_before);
        free(rank->residual);
        free(rank->residual_before);
        free(rank->fresh);
        free(rank->out);
        job_target_destroy(rank->target);
    }
    assert_int_equal(spar_loopback_pending(job->loopback), 0);
    spar_loopback_destroy(job->loopback);
}

/* Clustered: what is large lies in the second quarter of the layer. */
static double draw(job_t *job, uint64_t index)
{
    const job_shape_t *shape = &job->shape;
    uint64_t quarter = shape->count / 4;
    bool near = index >= quarter && index < 2 * quarter;
    double value = 2 * job_random(&job->random) - 1;

    if (shape->lossless && job_random(&job->random) * (double)shape->count >
                               0.7 * (double)shape->k) {
        return 0;
    }
    if (shape->clustered && near) {
        value *= 8;
    }
    return shape->whole ? rint(100 * value) : value;
}

void job_fill(job_t *job)
{
    for (int rank = 0; rank < job->shape.size; rank++) {
        uint64_t filled = 0;

        for (uint64_t i = 0; i < job->shape.count; i++) {
            double value = job->ranks[rank].blank ? 0 : draw(job, i);

            filled += value != 0;
            if (job->shape.lossless && filled > job->shape.k) {
                value = 0;
            }
            job_put(job, job->ranks[rank].gradient, i, value);
        }
    }
}

/* Ranks differ in who takes the gradient in: their selection, the machine or
 * the call's target. */
static void select_entries(const job_t *job, job_rank_t *rank,
                           spar_exchange_call_t *call)
{
    uint64_t k = job->shape.k;

    if (!rank->sums) {
        call->gradient = rank->gradient;
        call->residual = job->shape.lossless ? NULL : rank->residual;
        assert_int_equal(spar_selector_run(&rank->selector, rank->gradient,
                                           call->residual, k, &rank->selection),
                         SPAR_OK);
        return;
    }
    call->residual = rank->fresh;
    assert_int_equal(spar_selector_run_sum(&rank->selector, rank->gradient,
                                           rank->residual, k, &rank->selection,
                                           rank->fresh),
                     SPAR_OK);
}

void job_start(job_t *job, int index)
{
    job_rank_t *rank = &job->ranks[index];
    const job_shape_t *shape = &job->shape;
    uint64_t seed = shape->seed * JOB_MOST_RANKS + (uint64_t)index;

    /* Some of the calls round to the nearest. */
    seed = rank->step % 8 == 7 ? 0 : seed << 32 | (rank->step + 1);
    spar_exchange_call_t call = {
        .header = {.slot = 7,
                   .plan = 3,
                   .step = rank->step++,
                   .values = shape->values,
                   .dtype = shape->dtype,
                   .count = shape->count,
                   .flags = rank->flags},
        .selection = &rank->selection,
        .out = shape->in_place ? rank->gradient : rank->out,
        .encoded = rank->encoded,
        .eager = shape->eager,
        .apply = !shape->late,
        .seed = seed,
        .split = shape->stateless ? NULL : &rank->state};

    rank->settled = false;
    memcpy(rank->gradient_before, rank->gradient, job_bytes(job));
    memcpy(rank->residual_before, rank->residual, job_bytes(job));
    select_entries(job, rank, &call);
    if (!job->algorithm->dense) {
        spar_selection_round(&rank->selection, shape->values, 0);
    }
    if (rank->selection.nonfinite) {
        call.header.flags |= SPAR_WIRE_NONFINITE;
    }
    if (rank->target != NULL) {
        rank->target->fails = shape->breaks;
        job_target_take(rank->target, &call);
    }
    rank->status = spar_exchange_start(rank->exchange, &call);
    if (rank->status == SPAR_OK) {
        rank->status = SPAR_INPROGRESS;
    }
}

static void check_kept(const job_t *job, const job_rank_t *rank)
{
    assert_memory_equal(rank->gradient, rank->gradient_before, job_bytes(job));
    assert_memory_equal(rank->residual, rank->residual_before, job_bytes(job));
}

static void take_fresh(job_rank_t *rank)
{
    void *residual = rank->residual;

    rank->residual = rank->fresh;
    rank->fresh = residual;
}

/* One look at one rank; whether its call has ended. */
static bool advance(job_t *job, job_rank_t *rank)
{
    rank->status = spar_exchange_progress(rank->exchange);
    if (rank->status != SPAR_INPROGRESS) {
        if (rank->target != NULL) {
            job_target_give(rank->target);
        }
        if (rank->sums && rank->status == SPAR_OK &&
            rank->exchange->flags == 0 && !rank->exchange->dropped) {
            take_fresh(rank);
        }
        return true;
    }
    if (job->shape.late && !rank->settled) {
        check_kept(job, rank);
        if (rank->exchange->agreed && job_random(&job->schedule) < 0.2) {
            rank->settled = true;
            spar_exchange_settle(rank->exchange, !job->shape.drop);
        }
    }
    return false;
}

/* A number that grows as long as anything happens. */
static uint64_t activity(const job_t *job)
{
    uint64_t sum = spar_loopback_activity(job->loopback);

    for (int rank = 0; rank < job->shape.size; rank++) {
        sum += job->ranks[rank].exchange->moves;
    }
    return sum;
}

static int under_way(const job_t *job)
{
    int count = 0;

    for (int rank = 0; rank < job->shape.size; rank++) {
        count += job->ranks[rank].status == SPAR_INPROGRESS;
    }
    return count;
}

bool job_drive(job_t *job)
{
    int size = job->shape.size;
    int left = under_way(job);
    int idle = 0;

    while (left > 0 && idle < PATIENCE) {
        int first = (int)(job_random(&job->schedule) * size);
        int before = left;
        uint64_t done = activity(job);

        for (int i = 0; i < size; i++) {
            job_rank_t *rank = &job->ranks[(first + i) % size];

            if (rank->status == SPAR_INPROGRESS &&
                job_random(&job->schedule) < 0.8) {
                left -= advance(job, rank);
            }
        }
        idle = left == before && activity(job) == done ? idle + 1 : 0;
    }
    return left == 0;
}

bool job_step(job_t *job)
{
    job_fill(job);
    for (int rank = 0; rank < job->shape.size; rank++) {
        job_start(job, rank);
    }
    return job_drive(job);
}

static const void *result_of(const job_t *job, const job_rank_t *rank)
{
    return job->shape.in_place ? rank->gradient : rank->out;
}

const void *job_result(const job_t *job, int rank)
{
    return result_of(job, &job->ranks[rank]);
}

/* Gradient + residual, as they were, into `kept`. */
static void accumulate(const job_t *job, const job_rank_t *rank, void *kept)
{
    for (uint64_t i = 0; i < job->shape.count; i++) {
        double value = job_get(job, rank->gradient_before, i);

        if (!job->shape.lossless) {
            value += job_get(job, rank->residual_before, i);
        }
        job_put(job, kept, i, value);
    }
}

static bool is_fine(const job_rank_t *rank)
{
    return rank->status == SPAR_OK;
}

/* A rank that has ended well; NULL: none has. */
static const job_rank_t *any_fine(const job_t *job)
{
    for (int i = 0; i < job->shape.size; i++) {
        if (is_fine(&job->ranks[i])) {
            return &job->ranks[i];
        }
    }
    return NULL;
}

/* Whether a rank knows an entry to be in the sum: with algorithms that leave
 * some behind, it is if the sum is not zero, or if the residual says so. */
static bool knows_delivered(const job_t *job, const job_rank_t *rank,
                            const void *kept, uint32_t index)
{
    return job->shape.lossless || !job->algorithm->partial ||
           (is_fine(rank) &&
            (job_get(job, result_of(job, rank), index) != 0 ||
             job_get(job, rank->residual, index) != job_get(job, kept, index)));
}

static void find_delivered(const job_t *job, bool *delivered)
{
    void *kept = make(job);

    for (int i = 0; i < job->shape.size; i++) {
        const job_rank_t *rank = &job->ranks[i];

        accumulate(job, rank, kept);
        for (size_t j = 0; j < rank->selection.count; j++) {
            uint32_t index = rank->selection.indices[j];

            delivered[index] |= knows_delivered(job, rank, kept, index);
        }
    }
    /* What a rank has not selected itself it sees in its result. */
    for (uint64_t i = 0; any_fine(job) != NULL && i < job->shape.count; i++) {
        delivered[i] |= job_get(job, result_of(job, any_fine(job)), i) != 0;
    }
    free(kept);
}

/* Adds a rank's delivered entries to the sum, and takes them from what it is
 * to keep; returns how many they are. */
static uint64_t add_rank(const job_t *job, const job_rank_t *rank,
                         const bool *delivered, void *kept, void *expected,
                         double *sizes)
{
    uint64_t sent = 0;

    accumulate(job, rank, kept);
    for (size_t i = 0; i < rank->selection.count; i++) {
        uint32_t index = rank->selection.indices[i];
        double value = job_get(job, rank->selection.values, i);

        if (delivered[index]) {
            job_put(job, expected, index,
                    job_get(job, expected, index) + value);
            sizes[index] += fabs(value);
            job_put(job, kept, index, job_get(job, kept, index) - value);
            sent++;
        }
    }
    return sent;
}

/* A rank that has ended well: what it keeps, and what it has to leave alone. */
static void check_rank(const job_t *job, const job_rank_t *rank,
                       const void *kept, uint64_t sent)
{
    assert_string_equal(rank->exchange->cause, "");
    assert_int_equal(rank->exchange->flags, 0);
    assert_int_equal(rank->exchange->entries_sent,
                     job->algorithm->dense ? job->shape.count : sent);
    if (!job->shape.lossless) {
        assert_memory_equal(kept, rank->residual, job_bytes(job));
    }
    if (!job->shape.in_place) {
        assert_memory_equal(rank->gradient, rank->gradient_before,
                            job_bytes(job));
    }
}

static void check_sum(const job_t *job, const void *result,
                      const void *expected, const double *sizes)
{
    double epsilon = job->shape.dtype == SPAR_DTYPE_F64 ? 1e-14 : 1e-6;

    if (job->algorithm->in_rank_order || job->shape.whole) {
        assert_memory_equal(expected, result, job_bytes(job));
        return;
    }
    for (uint64_t i = 0; i < job->shape.count; i++) {
        double error = job_get(job, expected, i) - job_get(job, result, i);

        assert_true(fabs(error) <= epsilon * sizes[i]);
    }
}

/* The step between two values that travel, at most, over the largest magnitude
 * of their group. */
static double step_of(spar_values_t values)
{
    switch (values) {
    case SPAR_VALUES_BF16:
        return 1 / 128.0;
    case SPAR_VALUES_FP16:
        return 1 / 1024.0;
    case SPAR_VALUES_INT8:
        return 1 / 63.5;
    default:
        return 1e-6;
    }
}

/* The sum over the ranks of the largest magnitude of a group. */
static double largest_of(const job_t *job, uint64_t group)
{
    uint64_t begin = group * SPAR_VALUES_GROUP;
    double sum = 0;

    for (int i = 0; i < job->shape.size; i++) {
        double most = 0;

        for (uint64_t j = begin;
             j < job->shape.count && j < begin + SPAR_VALUES_GROUP; j++) {
            most = fmax(most,
                        fabs(job_get(job, job->ranks[i].gradient_before, j)));
        }
        sum += most;
    }
    return sum;
}

/* Each rank's part is rounded once, by at most a step, and so is their sum. */
static void check_rounded_sum(const job_t *job, const void *result,
                              const void *expected)
{
    double step = step_of(job->shape.values);
    double bound = 0;

    for (uint64_t i = 0; i < job->shape.count; i++) {
        double error = job_get(job, expected, i) - job_get(job, result, i);

        if (i % SPAR_VALUES_GROUP == 0) {
            bound = largest_of(job, i / SPAR_VALUES_GROUP) * step * (2 + step);
        }
        assert_true(fabs(error) <= bound);
    }
}

/* Also of the ranks that failed: their entries may be in the sum. */
static void check_ranks(const job_t *job, const bool *delivered, void *expected,
                        double *sizes)
{
    void *kept = make(job);

    for (int i = 0; i < job->shape.size; i++) {
        const job_rank_t *rank = &job->ranks[i];
        uint64_t sent = add_rank(job, rank, delivered, kept, expected, sizes);

        if (is_fine(rank)) {
            check_rank(job, rank, kept, sent);
        }
    }
    free(kept);
}

void job_check_ended(const job_t *job)
{
    const job_rank_t *fine = any_fine(job);
    void *expected = make(job);
    double *sizes = calloc(job->shape.count, sizeof(*sizes));
    bool *delivered = calloc(job->shape.count, sizeof(*delivered));

    assert_non_null(sizes);
    assert_non_null(delivered);
    find_delivered(job, delivered);
    check_ranks(job, delivered, expected, sizes);
    if (fine != NULL && job->algorithm->dense) {
        check_rounded_sum(job, result_of(job, fine), expected);
    } else if (fine != NULL) {
        check_sum(job, result_of(job, fine), expected, sizes);
    }
    for (int i = 0; i < job->shape.size; i++) {
        if (is_fine(&job->ranks[i])) {
            assert_memory_equal(result_of(job, fine),
                                result_of(job, &job->ranks[i]), job_bytes(job));
        }
    }
    free(delivered);
    free(sizes);
    free(expected);
}

static void check_all_fine(const job_t *job)
{
    for (int i = 0; i < job->shape.size; i++) {
        assert_string_equal(job->ranks[i].exchange->cause, "");
        assert_int_equal(job->ranks[i].status, SPAR_OK);
    }
}

void job_check(const job_t *job)
{
    check_all_fine(job);
    job_check_ended(job);
}

void job_check_ended_untouched(const job_t *job, uint32_t flags)
{
    for (int i = 0; i < job->shape.size; i++) {
        const job_rank_t *rank = &job->ranks[i];

        if (is_fine(rank)) {
            assert_int_equal(rank->exchange->flags, flags);
            check_kept(job, rank);
        }
    }
}

void job_check_untouched(const job_t *job, uint32_t flags)
{
    check_all_fine(job);
    job_check_ended_untouched(job, flags);
}
