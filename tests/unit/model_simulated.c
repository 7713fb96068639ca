#include "unit.h"

#include "base/quantile.h"
#include "bench/sim/timed.h"

#include <math.h>

#define CASES_MOST 256

typedef struct outcome {
    double median, worst; /* of |predicted / simulated - 1| */
} outcome_t;

/* Messages are all that costs time, as on the simulated network. */
static spar_model_t network_only(double latency, double rate)
{
    spar_model_t model;

    spar_model_guess(latency, rate, &model);
    for (unsigned i = SPAR_MODEL_SCAN; i < SPAR_MODEL_TERMS; i++) {
        model.seconds[i] = 1e-30;
    }
    return model;
}

/* Relative error of one prediction. */
static double miss(const spar_model_t *model, spar_method_t method,
                   const spar_model_shape_t *shape)
{
    spar_simulated_network_t network = timed_network(model, shape);
    double simulated = 0;

    assert_int_equal(timed_run(&network, method, shape, 3, &simulated),
                     SPAR_OK);
    assert_true(simulated > 0);
    return fabs(spar_model_predict(model, method, shape) / simulated - 1);
}

/* Small and large layers, few and many entries, one and eight ranks on a
 * node, networks on which latency counts or bytes do. */
static outcome_t compare(spar_method_t method)
{
    static const int ranks[] = {2, 3, 4, 7, 8, 16, 24, 32, 64};
    static const double densities[] = {0.001, 0.02, 0.2};
    double misses[CASES_MOST];
    size_t count = 0;

    for (size_t i = 0; i < 9 * 2 * 2 * 3 * 2; i++) {
        spar_model_t model = network_only(i % 2 ? 5e-5 : 1e-5, 1.25e8);
        spar_model_shape_t shape = {.element_bytes = 4, .value_bytes = 4};
        int each = i / 2 % 2 ? 8 : 1;
        double density = densities[i / 4 % 3];

        shape.ranks = ranks[i / 12 % 9];
        shape.nodes = shape.ranks / each;
        shape.eager = i / 108 % 2;
        shape.count = shape.ranks > 8 ? 10000 : 50000;
        shape.entries = (uint64_t)(density * (double)shape.count);
        if (shape.ranks % each == 0 &&
            (method != SPAR_METHOD_NODE ||
             (shape.nodes > 1 && shape.nodes < shape.ranks))) {
            misses[count++] = miss(&model, method, &shape);
        }
    }
    assert_in_range(count, 40, CASES_MOST);
    return (outcome_t){.median = spar_quantile(misses, count, 0.5),
                       .worst = spar_quantile(misses, count, 1)};
}

static void assert_within(spar_method_t method, double median, double worst)
{
    outcome_t outcome = compare(method);

    if (outcome.median > median || outcome.worst > worst) {
        fail_msg("%s: median miss %.3f, worst %.3f", spar_method_name(method),
                 outcome.median, outcome.worst);
    }
}

static void rings_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_RING, 0.01, 0.05);
}

static void allgathers_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_ALLGATHER, 0.02, 0.1);
}

static void doublings_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_DOUBLING, 0.03, 0.2);
}

static void splits_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_SPLIT, 0.03, 0.2);
}

static void nodes_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_NODE, 0.05, 0.2);
}

static void quantised_sums_are_predicted(void **state)
{
    (void)state;
    assert_within(SPAR_METHOD_QUANTISED, 0.03, 0.2);
}

/* Exact where theory is: all ranks send at once, and nobody waits. */
static void theory_holds_exactly(void **state)
{
    (void)state;
    for (int ranks = 2; ranks <= 64; ranks++) {
        spar_model_t model = network_only(5e-5, 1.25e8);
        spar_model_shape_t shape = {.ranks = ranks,
                                    .nodes = ranks,
                                    .count = 1000 * (uint64_t)ranks,
                                    .element_bytes = 4,
                                    .entries = 0,
                                    .value_bytes = 4};

        assert_true(miss(&model, SPAR_METHOD_RING, &shape) < 1e-9);
        shape.eager = true;
        assert_true(miss(&model, SPAR_METHOD_ALLGATHER, &shape) < 1e-9);
    }
}

static void what_has_no_machine_is_refused(void **state)
{
    spar_model_t model = network_only(5e-5, 1.25e8);
    spar_model_shape_t shape = {.ranks = 2,
                                .nodes = 2,
                                .count = 10,
                                .element_bytes = 4,
                                .entries = 1,
                                .value_bytes = 4};
    spar_simulated_network_t network = timed_network(&model, &shape);
    double seconds;

    (void)state;
    assert_int_equal(timed_run(&network, SPAR_METHOD_MPI, &shape, 1, &seconds),
                     SPAR_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_are_predicted),
        cmocka_unit_test(allgathers_are_predicted),
        cmocka_unit_test(doublings_are_predicted),
        cmocka_unit_test(splits_are_predicted),
        cmocka_unit_test(nodes_are_predicted),
        cmocka_unit_test(quantised_sums_are_predicted),
        cmocka_unit_test(theory_holds_exactly),
        cmocka_unit_test(what_has_no_machine_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
