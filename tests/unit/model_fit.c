#include "unit.h"

#include "policy/model_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static spar_model_t priors_of(double latency, double rate)
{
    spar_model_t model;

    spar_model_guess(latency, rate, &model);
    return model;
}

static double uniform(void)
{
    return rand() / ((double)RAND_MAX + 1);
}

/* Calls as a job makes them: layers of many sizes, dense and sparse. */
static spar_model_shape_t shape_of(unsigned i)
{
    static const uint64_t counts[] = {5000,   20000,   80000,  300000,
                                      600000, 2000000, 8000000};
    static const double densities[] = {0.001, 0.01, 0.05};
    spar_model_shape_t shape = {.ranks = 8,
                                .nodes = 8,
                                .count = counts[i % 7],
                                .element_bytes = 4,
                                .value_bytes = 4};

    shape.entries = (uint64_t)(densities[i / 7 % 3] * (double)shape.count);
    return shape;
}

/* Fills every method's history with what the truth predicts, +-30 % noise and
 * outliers of 3 to 100 times in this share of the calls. */
static void observe_all(spar_model_history_t *history,
                        const spar_model_t *truth, double noise,
                        double outliers)
{
    for (unsigned i = 0; i < SPAR_METHODS * SPAR_MODEL_HISTORY; i++) {
        spar_method_t method = (spar_method_t)(i % SPAR_METHODS);
        spar_model_shape_t shape = shape_of(i / SPAR_METHODS);
        double seconds = spar_model_predict(truth, method, &shape) *
                         (1 + noise * (2 * uniform() - 1));

        if (method == SPAR_METHOD_NODE) {
            continue;
        }
        if (uniform() < outliers) {
            seconds *= 3 * pow(33, uniform());
        }
        spar_model_observe(history, method, &shape, seconds);
    }
}

static double ratio(double value, double wanted)
{
    return fabs(value / wanted - 1);
}

/* The larger of the two relative errors of latency (of a small message: both
 * parts of it together) and seconds per byte after a noisy history. */
static double error_after_noise(unsigned seed)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t truth = priors_of(3e-4, 1.1e8);
    spar_model_t model = priors;
    spar_model_history_t history = {0};

    srand(seed);
    truth.factor[SPAR_METHOD_MPI] = 1.8;
    observe_all(&history, &truth, 0.3, 0.05);
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(model.factor[SPAR_METHOD_MPI], 1.8) < 0.25);
    return fmax(ratio(model.seconds[SPAR_MODEL_NETWORK_BYTE],
                      truth.seconds[SPAR_MODEL_NETWORK_BYTE]),
                ratio(model.seconds[SPAR_MODEL_NETWORK_LATENCY] +
                          model.seconds[SPAR_MODEL_NETWORK_MESSAGE],
                      3e-4));
}

/* Within 10 %, but for the odd history whose noise happens to add up. */
static void noise_and_outliers_leave_latency_and_rate(void **state)
{
    int beyond = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++) {
        double error = error_after_noise(seed);

        assert_true(error < 0.2);
        beyond += error > 0.1;
    }
    assert_in_range(beyond, 0, 10);
}

static void an_exact_history_is_matched(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t truth = priors_of(2e-5, 3e9);
    spar_model_t model = priors;
    spar_model_history_t history = {0};

    (void)state;
    truth.factor[SPAR_METHOD_MPI] = 2.5;
    truth.factor[SPAR_METHOD_SPLIT] = 1.3;
    truth.seconds[SPAR_MODEL_SCAN] *= 2;
    observe_all(&history, &truth, 0, 0);
    spar_model_fit(&history, &priors, &model);
    for (unsigned i = 0; i < 21; i++) {
        spar_model_shape_t shape = shape_of(i);

        for (unsigned method = 0; method < SPAR_METHOD_NODE; method++) {
            assert_true(
                ratio(spar_model_predict(&model, (spar_method_t)method, &shape),
                      spar_model_predict(&truth, (spar_method_t)method,
                                         &shape)) < 0.05);
        }
    }
}

/* The factor by which a prediction changes when calls are added that took 100
 * times as long, one in every `every`. */
static double moved(unsigned every, double noise)
{
    spar_model_t priors = priors_of(5e-5, 1.1e8);
    double most = 1;

    for (unsigned method = 0; method < SPAR_METHOD_NODE; method++) {
        spar_model_history_t calm = {0}, rough;
        spar_model_t before = priors, after = priors;

        srand(7);
        observe_all(&calm, &priors, noise, 0);
        rough = calm;
        for (unsigned i = 0; i < SPAR_MODEL_HISTORY; i += every) {
            rough.calls[method][i].seconds *= 100;
        }
        spar_model_fit(&calm, &priors, &before);
        spar_model_fit(&rough, &priors, &after);
        for (unsigned i = 0; i < 21; i++) {
            spar_model_shape_t shape = shape_of(i);

            for (unsigned other = 0; other < SPAR_METHOD_NODE; other++) {
                double change =
                    spar_model_predict(&after, (spar_method_t)other, &shape) /
                    spar_model_predict(&before, (spar_method_t)other, &shape);

                most = fmax(most, fmax(change, 1 / change));
            }
        }
    }
    return most;
}

static void calls_of_100_times_move_nothing(void **state)
{
    (void)state;
    assert_true(moved(SPAR_MODEL_HISTORY, 0.1) < 1.1);
    assert_true(moved(SPAR_MODEL_HISTORY, 0.3) < 1.1);
    assert_true(moved(16, 0.1) < 1.1);
}

/* A method that was hardly tried is not judged by one call. */
static void one_bad_call_of_a_new_method_moves_little(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1.1e8);
    spar_model_t model = priors;
    spar_model_history_t history = {0};
    spar_model_shape_t shape = shape_of(10);
    double before = spar_model_predict(&priors, SPAR_METHOD_SPLIT, &shape);

    (void)state;
    srand(3);
    for (unsigned i = 0; i < SPAR_MODEL_HISTORY; i++) {
        spar_model_shape_t each = shape_of(i);

        spar_model_observe(
            &history, SPAR_METHOD_RING, &each,
            spar_model_predict(&priors, SPAR_METHOD_RING, &each) *
                (0.9 + 0.2 * uniform()));
    }
    spar_model_observe(&history, SPAR_METHOD_SPLIT, &shape, 100 * before);
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(spar_model_predict(&model, SPAR_METHOD_SPLIT, &shape),
                      before) < 0.1);
    /* But several are. */
    for (int i = 0; i < 4; i++) {
        spar_model_observe(&history, SPAR_METHOD_SPLIT, &shape, 100 * before);
    }
    spar_model_fit(&history, &priors, &model);
    assert_true(spar_model_predict(&model, SPAR_METHOD_SPLIT, &shape) >
                50 * before);
}

static void nothing_known_leaves_the_priors(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t model = {.seconds = {0}};
    spar_model_history_t history = {0};
    spar_model_shape_t shape = shape_of(3);

    (void)state;
    spar_model_observe(&history, SPAR_METHOD_MPI, &shape, 0);
    spar_model_observe(&history, SPAR_METHOD_MPI, &shape, -1);
    spar_model_observe(&history, SPAR_METHOD_MPI, &shape, NAN);
    spar_model_observe(&history, SPAR_METHOD_MPI, &shape, INFINITY);
    shape.ranks = shape.nodes = 1;
    spar_model_observe(&history, SPAR_METHOD_MPI, &shape, 1);
    spar_model_fit(&history, &priors, &model);
    assert_memory_equal(&model, &priors, sizeof(model));
}

static void one_call_is_believed_within_reason(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t model = priors;
    spar_model_history_t history = {0};
    spar_model_shape_t shape = shape_of(6);
    double seconds = 7 * spar_model_predict(&priors, SPAR_METHOD_RING, &shape);

    (void)state;
    spar_model_observe(&history, SPAR_METHOD_RING, &shape, seconds);
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(spar_model_predict(&model, SPAR_METHOD_RING, &shape),
                      seconds) < 0.2);
}

static void equal_sizes_are_matched_and_the_rest_is_sane(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t truth = priors_of(5e-4, 1e7);
    spar_model_t model = priors;
    spar_model_history_t history = {0};
    spar_model_shape_t shape = shape_of(5);

    (void)state;
    for (int i = 0; i < 3 * SPAR_MODEL_HISTORY; i++) {
        spar_model_observe(
            &history, SPAR_METHOD_RING, &shape,
            spar_model_predict(&truth, SPAR_METHOD_RING, &shape));
    }
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(spar_model_predict(&model, SPAR_METHOD_RING, &shape),
                      spar_model_predict(&truth, SPAR_METHOD_RING, &shape)) <
                0.05);
    for (unsigned i = 0; i < SPAR_MODEL_NUMBERS; i++) {
        assert_true(isfinite(spar_model_number(&model, i)));
        assert_true(spar_model_number(&model, i) > 0);
    }
}

static void absurd_times_stay_within_bounds(void **state)
{
    static const double times[] = {1e-300, 1e300, 1e-9, 1e9};

    (void)state;
    for (int i = 0; i < 4; i++) {
        spar_model_t priors = priors_of(5e-5, 1e9);
        spar_model_t model = priors;
        spar_model_history_t history = {0};

        for (unsigned j = 0; j < 100; j++) {
            spar_model_shape_t shape = shape_of(j);

            shape.count = j % 10 ? shape.count : 0;
            shape.entries = j % 10 ? shape.entries : 0;
            spar_model_observe(&history, (spar_method_t)(j % SPAR_METHODS),
                               &shape, times[i]);
        }
        spar_model_fit(&history, &priors, &model);
        for (unsigned n = 0; n < SPAR_MODEL_NUMBERS; n++) {
            double share =
                spar_model_number(&model, n) / spar_model_number(&priors, n);

            assert_true(share > 0.9e-4 && share < 1.1e4);
        }
    }
}

static void a_network_that_changes_is_followed(void **state)
{
    spar_model_t priors = priors_of(5e-5, 1e9);
    spar_model_t then = priors_of(1e-4, 1e9), now = priors_of(1e-4, 1e8);
    spar_model_t model = priors;
    spar_model_history_t history = {0};

    (void)state;
    srand(5);
    observe_all(&history, &then, 0.1, 0);
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(model.seconds[SPAR_MODEL_NETWORK_BYTE], 1e-9) < 0.15);
    observe_all(&history, &now, 0.1, 0);
    spar_model_fit(&history, &priors, &model);
    assert_true(ratio(model.seconds[SPAR_MODEL_NETWORK_BYTE], 1e-8) < 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_and_outliers_leave_latency_and_rate),
        cmocka_unit_test(an_exact_history_is_matched),
        cmocka_unit_test(calls_of_100_times_move_nothing),
        cmocka_unit_test(one_bad_call_of_a_new_method_moves_little),
        cmocka_unit_test(nothing_known_leaves_the_priors),
        cmocka_unit_test(one_call_is_believed_within_reason),
        cmocka_unit_test(equal_sizes_are_matched_and_the_rest_is_sane),
        cmocka_unit_test(absurd_times_stay_within_bounds),
        cmocka_unit_test(a_network_that_changes_is_followed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
