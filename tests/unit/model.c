#include "unit.h"

#include "exchange/split_state.h"
#include "policy/model_features.h"
#include "sparsify/wire.h"

#include <math.h>
#include <string.h>

#define GBIT   1.25e8
#define HEADER SPAR_MODEL_HEADER_BYTES

static const spar_model_shape_t usual = {.ranks = 8,
                                         .nodes = 8,
                                         .count = 1000000,
                                         .element_bytes = 4,
                                         .entries = 10000,
                                         .value_bytes = 4};

/* A model in which only the named numbers cost anything to speak of. */
static spar_model_t only(double latency, double message, double byte)
{
    spar_model_t model;

    spar_model_guess(1, 1, &model);
    for (unsigned i = 0; i < SPAR_MODEL_TERMS; i++) {
        model.seconds[i] = 1e-30;
    }
    model.seconds[SPAR_MODEL_NETWORK_LATENCY] = latency;
    model.seconds[SPAR_MODEL_NETWORK_MESSAGE] = message;
    model.seconds[SPAR_MODEL_NETWORK_BYTE] = byte;
    return model;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-9 * fabs(wanted))) {
        fail_msg("%.12g instead of %.12g", value, wanted);
    }
}

static double predict(const spar_model_t *model, spar_method_t method,
                      int ranks, int nodes)
{
    spar_model_shape_t shape = usual;

    shape.ranks = ranks;
    shape.nodes = nodes;
    return spar_model_predict(model, method, &shape);
}

static void limits_are_those_of_the_machines(void **state)
{
    (void)state;
    assert_int_equal(SPAR_MODEL_SPLIT_RANKS, SPAR_SPLIT_MOST_RANKS);
    assert_int_equal(SPAR_MODEL_HEADER_BYTES, SPAR_WIRE_HEADER_BYTES);
}

static void dense_methods_take_what_the_literature_says(void **state)
{
    spar_model_t latency = only(1, 1e-30, 1e-30);
    spar_model_t bytes = only(1e-30, 1e-30, 1);

    (void)state;
    assert_near(predict(&latency, SPAR_METHOD_RING, 8, 8), 2 * 7);
    assert_near(predict(&bytes, SPAR_METHOD_RING, 8, 8), 2 * 7 / 8.0 * 4e6);
    /* Four ranks of a node send over its interface one at a time. */
    assert_near(predict(&bytes, SPAR_METHOD_RING, 8, 2), 2 * 7 / 8.0 * 4e6);
    /* Where latency counts, the library has log2 P rounds. */
    assert_near(predict(&latency, SPAR_METHOD_MPI, 8, 8), 3);
    assert_near(predict(&latency, SPAR_METHOD_MPI, 9, 9), 5);
    assert_near(predict(&bytes, SPAR_METHOD_MPI, 8, 8), 2 * 7 / 8.0 * 4e6);
    assert_near(predict(&bytes, SPAR_METHOD_MPI, 9, 9), 2 * 8 / 9.0 * 4e6);
    /* Both count: 2 log2 P rounds are better than 2 (P-1). */
    latency.seconds[SPAR_MODEL_NETWORK_BYTE] = 1e-6;
    assert_near(predict(&latency, SPAR_METHOD_MPI, 8, 8),
                2 * 3 + 2 * 7 / 8.0 * 4);
}

static void sparse_methods_send_what_their_papers_say(void **state)
{
    spar_model_t bytes = only(1e-30, 1e-30, 1);
    spar_model_t messages = only(1e-30, 1, 1e-30);
    double block = spar_model_block_bytes(1e6, 1e4, 4);
    double share = spar_model_block_bytes(1e6, 2e4, 4) / 8;

    (void)state;
    assert_near(predict(&bytes, SPAR_METHOD_ALLGATHER, 8, 8),
                7 * (2 * HEADER + block));
    assert_near(predict(&messages, SPAR_METHOD_ALLGATHER, 8, 8), 14);
    /* Two hosts of four ranks: 16 blocks leave each. */
    assert_near(predict(&bytes, SPAR_METHOD_ALLGATHER, 8, 2),
                16 * (2 * HEADER + block));
    assert_near(predict(&bytes, SPAR_METHOD_SPLIT, 8, 8),
                7 * (2 * HEADER + block / 8 + share) + 3 * HEADER);
    /* One block leaves a host, whatever the number of its ranks, after two
     * rounds of headers from two and from four of them. */
    assert_near(
        predict(&bytes, SPAR_METHOD_NODE, 8, 2),
        (1 + 2 + 4) * HEADER +
            spar_model_block_bytes(1e6, spar_model_union(1e6, 1e4, 4), 4));
    assert_near(
        predict(&bytes, SPAR_METHOD_DOUBLING, 8, 8),
        2 * 3 * HEADER + block + share * 8 -
            spar_model_block_bytes(1e6, 2e4, 4) +
            spar_model_block_bytes(1e6, spar_model_union(1e6, 1e4, 2), 4) +
            spar_model_block_bytes(1e6, spar_model_union(1e6, 1e4, 4), 4));
}

static void blocks_hold_indices_near_their_entropy(void **state)
{
    double before = 0;

    (void)state;
    /* log2(binomial(10^6, 10^4)) = 80778.6 bits */
    assert_true(fabs(spar_model_block_bytes(1e6, 1e4, 0) * 8 / 1.03 - 80786) <
                20);
    assert_near(spar_model_block_bytes(1e6, 1e6, 4), 4e6 + 1.03e6 / 8);
    assert_true(spar_model_block_bytes(1e6, 0, 4) == 0);
    assert_true(spar_model_block_bytes(0, 0, 4) == 0);
    for (double entries = 1; entries <= 1e6; entries *= 1.1) {
        double bytes = spar_model_block_bytes(1e6, entries, 1);

        assert_true(bytes > before);
        before = bytes;
    }
}

static void unions_fill_up(void **state)
{
    (void)state;
    assert_near(spar_model_union(100, 50, 2), 75);
    assert_near(spar_model_union(100, 100, 3), 100);
    assert_near(spar_model_union(1e6, 1, 65536),
                1e6 * (1 - exp(65536 * log1p(-1e-6))));
    assert_true(spar_model_union(100, 0, 8) == 0);
}

static void every_shape_has_a_finite_prediction(void **state)
{
    static const int ranks[] = {1, 2, 3, 5, 7, 8, 12, 33, 64, 1000, 65536};
    static const uint64_t counts[] = {0,    1,        2,
                                      4096, 25557032, UINT64_C(1) << 40};
    spar_model_t model;
    unsigned seen = 0;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    for (size_t i = 0; i < 11 * 6 * 5 * 2; i++) {
        spar_model_shape_t shape = usual;
        spar_model_ranking_t ranking;

        shape.ranks = ranks[i % 11];
        shape.count = counts[i / 11 % 6];
        shape.nodes = i / 66 % 2 ? shape.ranks : (shape.ranks + 3) / 4;
        shape.eager = i / 132 % 2;
        shape.entries =
            (uint64_t)((double)shape.count * (double)(i / 132 % 5) / 4);
        spar_model_choose(&model, &shape, SPAR_METHOD_RIVALS, &ranking);
        assert_in_range(ranking.count, SPAR_METHODS - 3, SPAR_METHODS - 1);
        for (unsigned m = 0; m < ranking.count; m++) {
            assert_true(isfinite(ranking.seconds[m]));
            assert_true(shape.ranks == 1 ? ranking.seconds[m] == 0
                                         : ranking.seconds[m] > 0);
            assert_true(m == 0 || ranking.seconds[m] >= ranking.seconds[m - 1]);
            seen++;
        }
    }
    assert_true(seen > 3000);
}

static void the_choice_keeps_to_what_is_allowed(void **state)
{
    spar_model_t model;
    spar_model_ranking_t ranking;
    spar_model_shape_t shape = usual;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    assert_int_equal(spar_model_choose(&model, &shape, 0, &ranking),
                     SPAR_METHOD_MPI);
    assert_int_equal(ranking.count, 0);
    assert_int_equal(spar_model_choose(&model, &shape,
                                       SPAR_METHOD_BIT(SPAR_METHOD_SPLIT),
                                       &ranking),
                     SPAR_METHOD_SPLIT);
    /* One rank per node, or one node: there are no leaders. */
    assert_int_equal(spar_model_choose(&model, &shape,
                                       SPAR_METHOD_BIT(SPAR_METHOD_NODE),
                                       &ranking),
                     SPAR_METHOD_MPI);
    shape.nodes = 1;
    spar_model_choose(&model, &shape, SPAR_METHOD_RIVALS, &ranking);
    assert_int_equal(ranking.count, SPAR_METHODS - 2);
    shape.nodes = 2;
    spar_model_choose(&model, &shape, SPAR_METHOD_RIVALS, &ranking);
    assert_int_equal(ranking.count, SPAR_METHODS - 1);
    shape.ranks = SPAR_MODEL_SPLIT_RANKS + 1;
    assert_int_equal(spar_model_choose(&model, &shape,
                                       SPAR_METHOD_BIT(SPAR_METHOD_SPLIT),
                                       &ranking),
                     SPAR_METHOD_MPI);
}

/* What the papers and this library's design expect of each method. */
static void each_method_wins_where_it_should(void **state)
{
    spar_model_shape_t shape = usual;
    spar_model_ranking_t ranking;
    spar_model_t model;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    shape.count = 20000;
    shape.entries = shape.count / 1000;
    shape.ranks = shape.nodes = 256;
    assert_int_equal(
        spar_model_choose(&model, &shape, SPAR_METHOD_SPARSE, &ranking),
        SPAR_METHOD_DOUBLING);
    shape.count = 25000000;
    shape.entries = shape.count / 1000;
    shape.ranks = shape.nodes = 4;
    assert_int_equal(
        spar_model_choose(&model, &shape, SPAR_METHOD_RIVALS, &ranking),
        SPAR_METHOD_ALLGATHER);
    shape.entries = shape.count / 100;
    shape.ranks = shape.nodes = 64;
    assert_int_equal(
        spar_model_choose(&model, &shape, SPAR_METHOD_RIVALS, &ranking),
        SPAR_METHOD_SPLIT);
    shape.nodes = 8;
    assert_true(spar_model_predict(&model, SPAR_METHOD_NODE, &shape) <
                spar_model_predict(&model, SPAR_METHOD_ALLGATHER, &shape));
    shape.entries = shape.count / 2;
    assert_true((SPAR_METHOD_BIT(spar_model_choose(
                     &model, &shape, SPAR_METHOD_RIVALS, &ranking)) &
                 SPAR_METHOD_DENSE) != 0);
    /* A network that is as fast as memory: nothing is to be gained. */
    spar_model_guess(1e-6, 5e10, &model);
    shape = usual;
    assert_true((SPAR_METHOD_BIT(spar_model_choose(
                     &model, &shape, SPAR_METHOD_RIVALS, &ranking)) &
                 SPAR_METHOD_DENSE) != 0);
}

static void break_even_is_where_both_are_equal(void **state)
{
    spar_model_t model;
    double before = 1;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    for (int ranks = 2; ranks <= 1024; ranks *= 2) {
        spar_model_shape_t shape = usual;
        double density, dense;

        shape.ranks = shape.nodes = ranks;
        shape.count = 25000000;
        density = spar_model_break_even(&model, &shape, SPAR_METHOD_ALLGATHER,
                                        SPAR_METHOD_DENSE);
        assert_true(density > 0 && density < before);
        /* P blocks against two layers, and an entry is larger than an
         * element. */
        assert_true(density < 2.0 / ranks);
        before = density;
        dense = fmin(spar_model_predict(&model, SPAR_METHOD_MPI, &shape),
                     spar_model_predict(&model, SPAR_METHOD_RING, &shape));
        shape.entries = (uint64_t)(density * (double)shape.count + 0.5);
        assert_true(spar_model_predict(&model, SPAR_METHOD_ALLGATHER, &shape) <=
                    dense);
        shape.entries++;
        assert_true(spar_model_predict(&model, SPAR_METHOD_ALLGATHER, &shape) >
                    dense);
    }
}

static void break_even_rises_as_the_network_slows(void **state)
{
    static const spar_method_t methods[] = {
        SPAR_METHOD_ALLGATHER, SPAR_METHOD_DOUBLING, SPAR_METHOD_SPLIT};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double before = 0;

        for (double rate = 1e10; rate > 1e6; rate /= 2) {
            spar_model_t model;
            double density;

            spar_model_guess(5e-5, rate, &model);
            density = spar_model_break_even(&model, &usual, methods[i],
                                            SPAR_METHOD_DENSE);
            assert_true(density >= before);
            before = density;
        }
        assert_true(before > 0.01);
    }
}

static void without_an_answer_there_is_no_break_even(void **state)
{
    spar_model_t model;
    spar_model_shape_t shape = usual;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    assert_true(spar_model_break_even(&model, &shape, SPAR_METHOD_SPLIT, 0) ==
                0);
    shape.count = 0;
    assert_true(spar_model_break_even(&model, &shape, SPAR_METHOD_SPLIT,
                                      SPAR_METHOD_DENSE) == 0);
    /* Latency only: many messages never pay. */
    shape.count = 10;
    shape.ranks = shape.nodes = 64;
    assert_true(spar_model_break_even(&model, &shape, SPAR_METHOD_ALLGATHER,
                                      SPAR_METHOD_DENSE) == 0);
}

static void numbers_have_names(void **state)
{
    spar_model_t model, copy;

    (void)state;
    spar_model_guess(5e-5, GBIT, &model);
    model.factor[SPAR_METHOD_MPI] = 1.7;
    spar_model_guess(1, 1, &copy);
    for (unsigned i = 0; i < SPAR_MODEL_NUMBERS; i++) {
        assert_true(spar_model_set(&copy, spar_model_number_name(i),
                                   spar_model_number(&model, i)));
    }
    assert_memory_equal(&model, &copy, sizeof(model));
    assert_null(spar_model_number_name(SPAR_MODEL_NUMBERS));
    assert_string_equal(
        spar_model_number_name(SPAR_MODEL_TERMS + SPAR_METHOD_QUANTISED),
        "factor_quantised");
    assert_string_equal(spar_model_number_name(SPAR_MODEL_NETWORK_BYTE),
                        "network_byte_s");
    assert_string_equal(spar_model_number_name(SPAR_MODEL_REDUCE), "reduce_s");
    assert_false(spar_model_set(&copy, "speed", 1));
    assert_false(spar_model_set(&copy, "scan_s", 0));
    assert_false(spar_model_set(&copy, "scan_s", NAN));
    assert_false(spar_model_set(&copy, "scan_s", INFINITY));
    assert_memory_equal(&model, &copy, sizeof(model));
}

static void methods_have_names(void **state)
{
    spar_method_t found;

    (void)state;
    for (unsigned i = 0; i < SPAR_METHODS; i++) {
        assert_true(
            spar_method_find(spar_method_name((spar_method_t)i), &found));
        assert_int_equal(found, i);
    }
    assert_false(spar_method_find("carrier pigeon", &found));
    assert_string_equal(spar_method_name(SPAR_METHODS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_those_of_the_machines),
        cmocka_unit_test(dense_methods_take_what_the_literature_says),
        cmocka_unit_test(sparse_methods_send_what_their_papers_say),
        cmocka_unit_test(blocks_hold_indices_near_their_entropy),
        cmocka_unit_test(unions_fill_up),
        cmocka_unit_test(every_shape_has_a_finite_prediction),
        cmocka_unit_test(the_choice_keeps_to_what_is_allowed),
        cmocka_unit_test(each_method_wins_where_it_should),
        cmocka_unit_test(break_even_is_where_both_are_equal),
        cmocka_unit_test(break_even_rises_as_the_network_slows),
        cmocka_unit_test(without_an_answer_there_is_no_break_even),
        cmocka_unit_test(numbers_have_names),
        cmocka_unit_test(methods_have_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
