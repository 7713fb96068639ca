/* Which method a layer takes: proposals, rounds of trials, the fastest. */
#include "unit.h"

#include "policy/samples.h"
#include "policy/trial.h"

static const spar_model_shape_t shape = {.ranks = 4,
                                         .nodes = 4,
                                         .count = 10000000,
                                         .element_bytes = 4,
                                         .entries = 100000,
                                         .value_bytes = 2};

static spar_model_t slow_network(void)
{
    spar_model_t model;

    spar_model_guess(50e-6, 125e6, &model);
    return model;
}

static void the_best_candidates_are_predicted_fastest(void **state)
{
    spar_model_t model = slow_network();
    spar_trial_t trial = {.dense = SPAR_METHOD_RING};
    double last = 0;

    (void)state;
    spar_trial_propose(&model, &shape, SPAR_METHOD_SPARSE, 10, true, &trial);
    assert_true(trial.count >= 1 && trial.count <= SPAR_TRIAL_CANDIDATES);
    assert_int_equal(trial.method, trial.candidates[0]);
    for (uint32_t i = 0; i < trial.count; i++) {
        double seconds =
            spar_model_predict(&model, trial.candidates[i], &shape);

        assert_true(seconds >= last);
        assert_true(seconds <= SPAR_TRIAL_NEAR * trial.predicted);
        last = seconds;
    }
    assert_true(trial.pays_below > 0.01 && trial.pays_below < 1);
}

static void nothing_is_proposed_where_dense_is_faster(void **state)
{
    spar_model_t model = slow_network();
    spar_trial_t trial = {.dense = SPAR_METHOD_MPI};

    (void)state;
    spar_trial_propose(&model, &shape, SPAR_METHOD_SPARSE, 1e-6, true, &trial);
    assert_int_equal(trial.count, 0);
    assert_true(trial.predicted > 1e-6);
    /* Where dense does not count, there is always one. */
    spar_trial_propose(&model, &shape, SPAR_METHOD_SPARSE, 0, true, &trial);
    assert_true(trial.count >= 1);
    assert_true(trial.pays_below == 1);
}

static void calls_that_cannot_be_timed_are_not_tried(void **state)
{
    spar_model_t model = slow_network();
    spar_trial_t trial = {.dense = SPAR_METHOD_MPI};

    (void)state;
    spar_trial_propose(&model, &shape, SPAR_METHOD_SPARSE, 10, false, &trial);
    assert_int_equal(trial.count, 1);
}

static void only_what_is_allowed_is_proposed(void **state)
{
    spar_model_t model = slow_network();
    spar_trial_t trial = {.dense = SPAR_METHOD_MPI};

    (void)state;
    spar_trial_propose(&model, &shape, SPAR_METHOD_BIT(SPAR_METHOD_DOUBLING),
                       10, true, &trial);
    assert_int_equal(trial.count, 1);
    assert_int_equal(trial.method, SPAR_METHOD_DOUBLING);
    spar_trial_propose(&model, &shape, 0, 10, true, &trial);
    assert_int_equal(trial.count, 0);
}

static void each_candidate_has_its_round(void **state)
{
    const spar_trial_t trial = {
        .count = 2,
        .method = SPAR_METHOD_SPLIT,
        .candidates = {SPAR_METHOD_SPLIT, SPAR_METHOD_ALLGATHER}};

    (void)state;
    assert_int_equal(spar_trial_candidate(&trial, 0), SPAR_METHOD_SPLIT);
    assert_int_equal(spar_trial_candidate(&trial, 1), SPAR_METHOD_ALLGATHER);
    /* Others have more candidates: the best one meanwhile. */
    assert_int_equal(spar_trial_candidate(&trial, 2), SPAR_METHOD_SPLIT);
    assert_int_not_equal(spar_trial_dense(1), spar_trial_dense(2));
    assert_int_equal(spar_trial_dense(1), spar_trial_dense(3));
}

static void the_fastest_measured_candidate_wins(void **state)
{
    const spar_trial_t trial = {
        .count = 2,
        .method = SPAR_METHOD_SPLIT,
        .candidates = {SPAR_METHOD_SPLIT, SPAR_METHOD_ALLGATHER}};
    double seconds[SPAR_METHODS] = {0};

    (void)state;
    assert_int_equal(spar_trial_fastest(&trial, seconds), SPAR_METHOD_SPLIT);
    seconds[SPAR_METHOD_ALLGATHER] = 2;
    assert_int_equal(spar_trial_fastest(&trial, seconds),
                     SPAR_METHOD_ALLGATHER);
    seconds[SPAR_METHOD_SPLIT] = 1;
    assert_int_equal(spar_trial_fastest(&trial, seconds), SPAR_METHOD_SPLIT);
    seconds[SPAR_METHOD_ALLGATHER] = 0.96; /* hardly faster */
    assert_int_equal(spar_trial_fastest(&trial, seconds), SPAR_METHOD_SPLIT);
    seconds[SPAR_METHOD_ALLGATHER] = 0.94;
    assert_int_equal(spar_trial_fastest(&trial, seconds),
                     SPAR_METHOD_ALLGATHER);
    seconds[SPAR_METHOD_ALLGATHER] = 2;
    seconds[SPAR_METHOD_MPI] = 0.1; /* no candidate */
    assert_int_equal(spar_trial_fastest(&trial, seconds), SPAR_METHOD_SPLIT);
}

static void the_median_is_of_the_latest_samples(void **state)
{
    spar_samples_t samples = {.count = 0};

    (void)state;
    assert_true(spar_samples_median(&samples) == 0);
    spar_samples_add(&samples, 3);
    assert_true(spar_samples_median(&samples) == 3);
    spar_samples_add(&samples, 100);
    spar_samples_add(&samples, 4);
    assert_true(spar_samples_median(&samples) == 4);
    for (int i = 0; i < SPAR_SAMPLES; i++) {
        spar_samples_add(&samples, 7);
    }
    assert_true(spar_samples_median(&samples) == 7);
    assert_int_equal(samples.count, SPAR_SAMPLES + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_candidates_are_predicted_fastest),
        cmocka_unit_test(nothing_is_proposed_where_dense_is_faster),
        cmocka_unit_test(calls_that_cannot_be_timed_are_not_tried),
        cmocka_unit_test(only_what_is_allowed_is_proposed),
        cmocka_unit_test(each_candidate_has_its_round),
        cmocka_unit_test(the_fastest_measured_candidate_wins),
        cmocka_unit_test(the_median_is_of_the_latest_samples)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
