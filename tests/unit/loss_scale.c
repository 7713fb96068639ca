/* Which jumps of a layer's gradient are suspected to be a change of the loss
 * scale, and what the ranks' votes come to. */
#include "unit.h"

#include "base/half.h"
#include "policy/loss_scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 5000

static uint64_t state_of_random;

/* Between 0 and 1. */
static double draw(void)
{
    state_of_random =
        state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (double)(state_of_random >> 11) / 9007199254740992.0;
}

/* Normal, near enough. */
static double draw_normal(void)
{
    double sum = -6;

    for (int i = 0; i < 12; i++) {
        sum += draw();
    }
    return sum;
}

typedef struct layer {
    spar_loss_scale_t scale;
    spar_dtype_t dtype;
    union {
        float narrow[COUNT];
        double wide[COUNT];
    } gradient;
} layer_t;

static layer_t *make(spar_dtype_t dtype)
{
    layer_t *layer = calloc(1, sizeof(*layer));

    assert_non_null(layer);
    layer->dtype = dtype;
    state_of_random = 7;
    return layer;
}

static void put(layer_t *layer, int i, double value)
{
    if (layer->dtype == SPAR_DTYPE_F64) {
        layer->gradient.wide[i] = value;
    } else {
        layer->gradient.narrow[i] = (float)value;
    }
}

/* One call with another gradient of this size; whether it is suspected. */
static bool look(layer_t *layer, double size)
{
    for (int i = 0; i < COUNT; i++) {
        put(layer, i, size * draw_normal());
    }
    return spar_loss_scale_look(&layer->scale, layer->dtype, &layer->gradient,
                                COUNT);
}

/* Calls that are like each other. */
static void calm_down(layer_t *layer, double size, int calls)
{
    for (int i = 0; i < calls; i++) {
        assert_false(look(layer, size));
        spar_loss_scale_keep(&layer->scale);
    }
}

static void powers_of_two_are_suspected(void **state)
{
    (void)state;
    for (int exponent = -18; exponent <= 18; exponent++) {
        for (int dtype = SPAR_DTYPE_F32; dtype <= SPAR_DTYPE_F64; dtype++) {
            layer_t *layer = make((spar_dtype_t)dtype);
            double change = 100;

            calm_down(layer, 3, SPAR_LOSS_SCALE_CALLS);
            assert_int_equal(look(layer, ldexp(3, exponent)),
                             exponent != 0 && abs(exponent) <= 16);
            spar_loss_scale_hold(&layer->scale);
            assert_true(spar_loss_scale_change(&layer->scale, &change));
            assert_true(fabs(change - exponent) < 0.1);
            free(layer);
        }
    }
}

/* As 16 bits, at an odd address. */
static bool look_16(spar_loss_scale_t *scale, spar_dtype_t dtype, double size)
{
    static char room[2 * COUNT + 1];

    for (int i = 0; i < COUNT; i++) {
        float value = (float)(size * draw_normal());
        uint16_t element = dtype == SPAR_DTYPE_F16 ? spar_half_round(value)
                                                   : spar_bf16_round(value);

        memcpy(room + 1 + 2 * i, &element, sizeof(element));
    }
    return spar_loss_scale_look(scale, dtype, room + 1, COUNT);
}

static void powers_of_two_are_suspected_of_16_bits(void **state)
{
    (void)state;
    state_of_random = 7;
    for (int dtype = SPAR_DTYPE_F16; dtype <= SPAR_DTYPE_BF16; dtype++) {
        for (int exponent = -6; exponent <= 6; exponent++) {
            spar_loss_scale_t scale = {0};
            double change = 100;

            for (int i = 0; i < SPAR_LOSS_SCALE_CALLS; i++) {
                assert_false(look_16(&scale, (spar_dtype_t)dtype, 3));
                spar_loss_scale_keep(&scale);
            }
            /* 1.15 is the upper quartile of normal magnitudes; levels are
             * linear between powers of two. */
            assert_true(fabs(scale.level - (1 + 3 * 1.15 / 2 - 1)) < 0.1);
            assert_int_equal(
                look_16(&scale, (spar_dtype_t)dtype, ldexp(3, exponent)),
                exponent != 0);
            spar_loss_scale_hold(&scale);
            assert_true(spar_loss_scale_change(&scale, &change));
            assert_true(fabs(change - exponent) < 0.1);
        }
    }
}

static void other_jumps_are_not(void **state)
{
    static const double factors[] = {0.35, 0.7, 1.3, 1.5, 2.6, 3, 5.8};

    (void)state;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        layer_t *layer = make(SPAR_DTYPE_F32);

        calm_down(layer, 1, 20);
        assert_false(look(layer, factors[i]));
        free(layer);
    }
}

static void nothing_is_suspected_before_enough_calls(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F32);
    double change;

    (void)state;
    calm_down(layer, 1, SPAR_LOSS_SCALE_CALLS - 1);
    assert_false(look(layer, 2));
    spar_loss_scale_hold(&layer->scale);
    assert_false(spar_loss_scale_change(&layer->scale, &change));
    free(layer);
}

static void noise_is_not_suspected(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F32);

    (void)state;
    for (int i = 0; i < 500; i++) {
        assert_false(look(layer, exp2(0.5 * draw_normal())));
        spar_loss_scale_keep(&layer->scale);
    }
    free(layer);
}

static void drift_is_not_suspected(void **state)
{
    (void)state;
    for (int down = 0; down < 2; down++) {
        layer_t *layer = make(SPAR_DTYPE_F32);

        for (int i = 0; i < 200; i++) {
            assert_false(look(layer, exp2(down ? -0.03 * i : 0.03 * i)));
            spar_loss_scale_keep(&layer->scale);
        }
        free(layer);
    }
}

/* A jump that was none: neither the new level nor the way back costs another
 * suspicion at once. */
static void jumps_that_were_none_are_not_suspected_twice(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F32);

    (void)state;
    calm_down(layer, 1, 30);
    assert_true(look(layer, 2));
    spar_loss_scale_hold(&layer->scale);
    spar_loss_scale_settle(&layer->scale, 0);
    calm_down(layer, 2, 3);
    calm_down(layer, 1, 30);
    assert_true(look(layer, 2));
    free(layer);
}

/* As scalers do: halvings after overflows, whose calls tell nothing, and
 * doublings; found each time. */
static void scales_are_followed(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F32);
    double size = 1024;

    (void)state;
    calm_down(layer, size, 20);
    for (int i = 0; i < 6; i++) {
        int exponent = i % 3 == 0 ? 1 : -1;

        if (exponent < 0) {
            (void)look(layer, size);
            put(layer, 17, i % 2 == 0 ? INFINITY : NAN);
            assert_false(spar_loss_scale_look(&layer->scale, layer->dtype,
                                              &layer->gradient, COUNT));
            spar_loss_scale_drop(&layer->scale);
        }
        size = ldexp(size, exponent);
        assert_true(look(layer, size));
        spar_loss_scale_hold(&layer->scale);
        spar_loss_scale_settle(&layer->scale, exponent);
        calm_down(layer, size, 2);
    }
    free(layer);
}

/* Its call of the step came before the change. */
static void layers_that_have_not_seen_it_yet_expect_it(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F64);

    (void)state;
    calm_down(layer, 1, 20);
    spar_loss_scale_settle(&layer->scale, -1);
    calm_down(layer, 0.5, 20);
    assert_true(look(layer, 1));
    free(layer);
}

static void zeros_tell_nothing(void **state)
{
    layer_t *layer = make(SPAR_DTYPE_F32);
    double change;

    (void)state;
    calm_down(layer, 1, 20);
    assert_false(look(layer, 0));
    spar_loss_scale_hold(&layer->scale);
    assert_false(spar_loss_scale_change(&layer->scale, &change));
    spar_loss_scale_keep(&layer->scale);
    assert_true(look(layer, 4));
    free(layer);
}

/* Of large layers, some elements from the first to the last one. */
static void large_layers_are_sampled(void **state)
{
    (void)state;
    for (size_t count = 4095; count < 70000; count = count * 5 / 3 + 1) {
        spar_loss_scale_t scale = {0};
        float *values = malloc(count * sizeof(*values));

        assert_non_null(values);
        for (size_t i = 0; i < count; i++) {
            values[i] = 1;
        }
        assert_false(
            spar_loss_scale_look(&scale, SPAR_DTYPE_F32, values, count));
        assert_true(scale.level >= 0 && scale.level <= 0.125);
        values[0] = INFINITY;
        (void)spar_loss_scale_look(&scale, SPAR_DTYPE_F32, values, count);
        assert_int_equal(scale.state, SPAR_LOSS_SCALE_BLIND);
        free(values);
    }
}

/* Adds the vote of a rank with these changes to the others. */
static void vote(double *sums, const double *changes, size_t count)
{
    double mine[SPAR_LOSS_SCALE_NUMBERS];
    double sorted[8];

    if (count > 0) {
        memcpy(sorted, changes, count * sizeof(*changes));
    }
    spar_loss_scale_vote(sorted, count, mine);
    for (size_t i = 0; i < SPAR_LOSS_SCALE_NUMBERS; i++) {
        sums[i] += mine[i];
    }
}

/* What ranks with one change each decide. */
static int decide(const double *changes, size_t ranks)
{
    double sums[SPAR_LOSS_SCALE_NUMBERS] = {0};

    for (size_t i = 0; i < ranks; i++) {
        vote(sums, &changes[i], 1);
    }
    return spar_loss_scale_decide(sums);
}

/* Otherwise one layer that jumps on all ranks would speak for all. */
static void layers_that_did_not_jump_vote_too(void **state)
{
    spar_loss_scale_t scale = {0};
    double change = 100;

    (void)state;
    state_of_random = 11;
    for (int i = 0; i <= SPAR_LOSS_SCALE_CALLS; i++) {
        (void)look_16(&scale, SPAR_DTYPE_BF16, 3);
        spar_loss_scale_keep(&scale);
    }
    assert_true(spar_loss_scale_change(&scale, &change));
    assert_true(fabs(change) < 0.1);
    /* Decided: no jump for this one, which was in the new unit already. */
    (void)look_16(&scale, SPAR_DTYPE_BF16, 6);
    spar_loss_scale_keep(&scale);
    spar_loss_scale_settle(&scale, 1);
    assert_false(look_16(&scale, SPAR_DTYPE_BF16, 6));
    spar_loss_scale_keep(&scale);
    assert_true(spar_loss_scale_change(&scale, &change));
    assert_true(fabs(change) < 0.1);
}

static void ranks_agree_or_nothing_changes(void **state)
{
    static const struct {
        double changes[4];
        int exponent;
    } cases[] = {{{1, 1, 1, 1}, 1},
                 {{-1, -1, -1, -1}, -1},
                 {{-5.02, -4.97, -5, -5.1}, -5},
                 {{16, 16, 16, 16}, 16},
                 {{17, 17, 17, 17}, 0},
                 {{0, 0, 0, 0}, 0},
                 {{0.7, 1.4, 0.9, 1.1}, 1}, /* noise */
                 {{0.7, 0.7, 0.7, 0.7}, 0}, /* no power of two */
                 {{1, 0, 0, 0}, 0},         /* one rank alone */
                 {{4, 0, 0, 0}, 0},         /* whose mean is a whole number */
                 {{1, 1, 1, -1}, 0},        /* against each other */
                 {{2, 2, 1, 1}, 0},
                 {{1, 1, 1, 0.4}, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(decide(cases[i].changes, 4), cases[i].exponent);
    }
}

static void a_rank_votes_for_the_median_of_its_layers(void **state)
{
    static const double changes[] = {0.98, 5, 1.05, -3, 1.01};
    double sums[SPAR_LOSS_SCALE_NUMBERS] = {0};

    (void)state;
    vote(sums, changes, 5);
    assert_int_equal(spar_loss_scale_decide(sums), 1);
}

static void ranks_without_a_view_follow_the_others(void **state)
{
    static const double change = -2;
    double sums[SPAR_LOSS_SCALE_NUMBERS] = {0};

    (void)state;
    vote(sums, NULL, 0);
    assert_int_equal(spar_loss_scale_decide(sums), 0);
    vote(sums, &change, 1);
    vote(sums, NULL, 0);
    assert_int_equal(spar_loss_scale_decide(sums), -2);
}

static void one_veto_is_enough(void **state)
{
    double sums[SPAR_LOSS_SCALE_NUMBERS] = {0};
    double change = 1;

    (void)state;
    vote(sums, &change, 1);
    spar_loss_scale_veto(sums);
    assert_int_equal(spar_loss_scale_decide(sums), 0);
}

/* In any order of the ranks, to the last bit. */
static void sums_of_votes_are_exact(void **state)
{
    double up[SPAR_LOSS_SCALE_NUMBERS] = {0};
    double down[SPAR_LOSS_SCALE_NUMBERS] = {0};
    double changes[1000];

    (void)state;
    state_of_random = 3;
    for (int i = 0; i < 1000; i++) {
        changes[i] = 20 * draw_normal();
    }
    for (int i = 0; i < 1000; i++) {
        vote(up, &changes[i], 1);
        vote(down, &changes[999 - i], 1);
    }
    assert_memory_equal(up, down, sizeof(up));
}

/* Doubling while jumps go on, short again after a long time without. */
static void rests_grow_while_jumps_go_on(void **state)
{
    spar_loss_scale_rest_t rest = {0};
    uint64_t first, rests = 0;
    int64_t begun = 0;

    (void)state;
    spar_loss_scale_rest_begin(&rest, 100);
    first = rest.steps;
    assert_true(first > 0 && rest.end == 100 + (int64_t)first);
    for (int64_t now = rest.end; now < 100000; now++) {
        if (now >= rest.end + 5) {
            spar_loss_scale_rest_begin(&rest, now);
            begun = now;
            rests++;
        }
    }
    assert_true(rests < 16);
    assert_true(rest.end == begun + (int64_t)rest.steps);
    spar_loss_scale_rest_begin(&rest, rest.end + 100 * (int64_t)rest.steps);
    assert_true(rest.steps == first);
}

/* A run that goes on elsewhere counts its steps from another one on. */
static void rests_are_the_same_from_any_step_on(void **state)
{
    spar_loss_scale_rest_t rest = {0}, shifted;

    (void)state;
    spar_loss_scale_rest_begin(&rest, 1000);
    spar_loss_scale_rest_begin(&rest, rest.end);
    for (int64_t later = 0; later < 2000; later += 7) {
        spar_loss_scale_rest_t here = rest;

        shifted = spar_loss_scale_rest_shift(&rest, -1500);
        assert_true(shifted.end == rest.end - 1500);
        spar_loss_scale_rest_begin(&here, rest.end + later);
        spar_loss_scale_rest_begin(&shifted, rest.end + later - 1500);
        assert_true(shifted.steps == here.steps);
        assert_true(shifted.end == here.end - 1500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_two_are_suspected),
        cmocka_unit_test(powers_of_two_are_suspected_of_16_bits),
        cmocka_unit_test(other_jumps_are_not),
        cmocka_unit_test(nothing_is_suspected_before_enough_calls),
        cmocka_unit_test(noise_is_not_suspected),
        cmocka_unit_test(drift_is_not_suspected),
        cmocka_unit_test(jumps_that_were_none_are_not_suspected_twice),
        cmocka_unit_test(scales_are_followed),
        cmocka_unit_test(layers_that_have_not_seen_it_yet_expect_it),
        cmocka_unit_test(zeros_tell_nothing),
        cmocka_unit_test(large_layers_are_sampled),
        cmocka_unit_test(layers_that_did_not_jump_vote_too),
        cmocka_unit_test(ranks_agree_or_nothing_changes),
        cmocka_unit_test(a_rank_votes_for_the_median_of_its_layers),
        cmocka_unit_test(ranks_without_a_view_follow_the_others),
        cmocka_unit_test(one_veto_is_enough),
        cmocka_unit_test(sums_of_votes_are_exact),
        cmocka_unit_test(rests_grow_while_jumps_go_on),
        cmocka_unit_test(rests_are_the_same_from_any_step_on)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
