/* When replicas are averaged: given periods, and the rule of ADPSGD. */
#include "unit.h"

#include "policy/periodic.h"

#include <math.h>

static spar_periodic_t periodic;

static void start(spar_periodic_rule_t rule)
{
    spar_periodic_init(&periodic, &rule);
}

/* One step that comes to what it was to be, with that S and rate. */
static bool make_step(uint64_t step, double variance, double update)
{
    bool averages = spar_periodic_begin(&periodic, step);

    spar_periodic_end(&periodic, averages, averages, false);
    if (averages) {
        spar_periodic_observe(&periodic, variance, update);
    }
    return averages;
}

/* Steps until one averages, with S in proportion to the period. */
static uint64_t run_period(uint64_t *step, double variance, double update)
{
    uint64_t steps = 1;

    while (!make_step((*step)++, variance, update)) {
        steps++;
    }
    return steps;
}

static void fixed_periods_are_kept(void **state)
{
    const uint64_t periods[] = {1, 2, 3, 8, 1024};

    (void)state;
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        uint64_t step = 5;

        start((spar_periodic_rule_t){
            .periods = {.count = 1, .period = {periods[i]}}});
        for (int n = 0; n < 5; n++) {
            assert_int_equal(run_period(&step, n * 100.0, 1), periods[i]);
        }
        assert_int_equal(periodic.exchanges, 5);
        assert_int_equal(periodic.skips, 5 * (periods[i] - 1));
        assert_int_equal(spar_periodic_looks(&periodic), periods[i] > 1);
    }
}

static void parts_of_the_training_have_their_periods(void **state)
{
    uint64_t step = 0;

    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 3, .period = {20, 5, 2}},
                                 .train_steps = 120});
    assert_int_equal(run_period(&step, 0, 1), 20);
    assert_int_equal(run_period(&step, 0, 1), 20);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(run_period(&step, 0, 1), 5);
    }
    assert_int_equal(run_period(&step, 0, 1), 2);
    assert_int_equal(step, 82);
}

static void the_last_step_averages_and_so_do_those_behind_it(void **state)
{
    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 1, .period = {50}},
                                 .train_steps = 30});
    for (uint64_t step = 0; step < 29; step++) {
        assert_false(make_step(step, 0, 1));
    }
    assert_true(make_step(29, 0, 1));
    assert_true(make_step(30, 0, 1));
}

static void rates_hold_from_their_steps_on(void **state)
{
    spar_rates_t rates = {
        .count = 3, .step = {0, 10, 20}, .rate = {0.5, 0.25, 0.125}};

    (void)state;
    assert_true(spar_rates_at(&rates, 0) == 0.5);
    assert_true(spar_rates_at(&rates, 9) == 0.5);
    assert_true(spar_rates_at(&rates, 10) == 0.25);
    assert_true(spar_rates_at(&rates, 1000) == 0.125);
    rates.count = 0;
    assert_true(spar_rates_at(&rates, 5) == 0);
}

static void a_step_that_has_to_average_and_does_not_is_made_up_for(void **state)
{
    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 1, .period = {4}}});
    assert_false(spar_periodic_begin(&periodic, 0));
    spar_periodic_end(&periodic, false, false, true); /* a flag, say */
    assert_true(spar_periodic_begin(&periodic, 1));
    spar_periodic_end(&periodic, false, false, false); /* a call is missing */
    assert_int_equal(periodic.since, 2);
    assert_true(spar_periodic_begin(&periodic, 2));
    spar_periodic_end(&periodic, true, true, false);
    assert_int_equal(periodic.since, 0);
    assert_false(spar_periodic_begin(&periodic, 3));
    /* All were flushed: it has averaged after all. */
    spar_periodic_end(&periodic, true, true, false);
    assert_int_equal(periodic.since, 0);
    assert_int_equal(periodic.exchanges, 2);
}

/* A pause, say, while gradients wait to be made up for. */
static void an_exchange_need_not_average(void **state)
{
    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 1, .period = {3}}});
    (void)make_step(0, 0, 1);
    assert_false(spar_periodic_begin(&periodic, 1));
    spar_periodic_end(&periodic, true, false, false);
    assert_int_equal(periodic.since, 2);
    assert_true(spar_periodic_begin(&periodic, 2));
    spar_periodic_end(&periodic, true, false, false);
    assert_int_equal(periodic.exchanges, 2);
    assert_int_equal(periodic.skips, 1);
    assert_true(spar_periodic_begin(&periodic, 3)); /* still to be done */
}

static void the_present_step_counts_at_the_end(void **state)
{
    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 1, .period = {4}}});
    (void)make_step(0, 0, 1);
    (void)spar_periodic_begin(&periodic, 1);
    assert_int_equal(spar_periodic_since(&periodic, false), 2);
    assert_int_equal(spar_periodic_since(&periodic, true), 0);
}

/* The first quarter has period 4; the mean of S / rate there is what is aimed
 * at. */
static uint64_t run_first_phase(double ratio)
{
    uint64_t step = 0;

    start((spar_periodic_rule_t){.train_steps = 400});
    while (!periodic.adapts) {
        assert_int_equal(run_period(&step, ratio * 0.5, 0.5), 4);
    }
    assert_int_equal(step, 100);
    assert_true(fabs(periodic.mean - ratio) < 1e-12);
    return step;
}

static void the_period_follows_the_variance(void **state)
{
    uint64_t step = run_first_phase(8);

    (void)state;
    assert_int_equal(periodic.period, 4);
    (void)run_period(&step, 0.69 * 8 * 0.5, 0.5); /* below 0.7 C2 */
    assert_int_equal(periodic.period, 5);
    (void)run_period(&step, 0.71 * 8 * 0.5, 0.5);
    (void)run_period(&step, 1.29 * 8 * 0.5, 0.5);
    assert_int_equal(periodic.period, 5);
    (void)run_period(&step, 1.31 * 8 * 0.5, 0.5); /* above 1.3 C2 */
    assert_int_equal(periodic.period, 4);
    /* A smaller rate allows less. */
    (void)run_period(&step, 8 * 0.5, 0.5 / 2);
    assert_int_equal(periodic.period, 3);
}

static void periods_have_bounds(void **state)
{
    uint64_t step = run_first_phase(8);

    (void)state;
    for (int i = 0; i < 10; i++) {
        (void)run_period(&step, 2 * 8 * 0.5, 0.5);
    }
    assert_int_equal(periodic.period, 1);
    periodic.rule.train_steps = 0;
    for (int i = 0; i < 100; i++) {
        (void)run_period(&step, 0, 0.5);
    }
    assert_int_equal(periodic.period, SPAR_PERIODIC_MOST);
}

static void a_given_rate_wins_over_the_update(void **state)
{
    uint64_t step = 0;

    (void)state;
    start((spar_periodic_rule_t){
        .rates = {.count = 1, .step = {0}, .rate = {0.25}},
        .train_steps = 400});
    (void)run_period(&step, 2, 1000);
    assert_true(periodic.mean == 8);
    assert_true(periodic.marks[0].rate == 0.25);
}

/* The first phase ends when the mean is known to 5 %, or after 256. */
static void without_a_length_the_first_phase_ends_when_it_is_known(void **state)
{
    uint64_t step = 0;
    uint64_t looks;

    (void)state;
    start((spar_periodic_rule_t){0});
    for (looks = 1; !periodic.adapts; looks++) {
        (void)run_period(&step, 1, 1);
    }
    assert_int_equal(looks - 1, SPAR_PERIODIC_LEAST);

    start((spar_periodic_rule_t){0});
    for (looks = 1; !periodic.adapts; looks++) { /* 1 +- 0.5: 100 are enough */
        (void)run_period(&step, looks % 2 ? 0.5 : 1.5, 1);
    }
    assert_in_range(looks - 1, 90, 110);

    start((spar_periodic_rule_t){0});
    for (looks = 1; !periodic.adapts; looks++) { /* now and then much larger */
        (void)run_period(&step, looks % 8 ? 0.1 : 0.8, 1);
        periodic.rest = 0;
    }
    assert_in_range(looks - 1, 150, SPAR_PERIODIC_ENOUGH);
}

static void replicas_that_drift_apart_are_averaged_in_each_step(void **state)
{
    uint64_t step = run_first_phase(8);

    (void)state;
    (void)run_period(&step, 10.1 * 8 * 0.5, 0.5);
    assert_int_equal(periodic.drifts, 1);
    for (int i = 0; i < SPAR_PERIODIC_REST; i++) {
        assert_int_equal(run_period(&step, 8 * 0.5, 0.5), 1);
    }
    assert_int_equal(run_period(&step, 8 * 0.5, 0.5), 2);
    /* Still apart: again. */
    (void)run_period(&step, 11 * 8 * 0.5, 0.5);
    (void)run_period(&step, 11 * 8 * 0.5, 0.5);
    assert_int_equal(periodic.drifts, 3);
    assert_int_equal(periodic.period, 1);
}

/* What lies behind the fall of the rate has come about with the old one. */
static void a_fall_of_the_rate_is_no_drift(void **state)
{
    (void)state;
    for (uint64_t fall = 203; fall <= 207; fall++) {
        spar_rates_t rates = {
            .count = 2, .step = {0, fall}, .rate = {0.5, 0.5 / 20}};
        double variance = 0;

        start((spar_periodic_rule_t){.rates = rates, .train_steps = 800});
        for (uint64_t step = 0; step < 240; step++) {
            double rate = spar_rates_at(&rates, step);

            variance += rate * rate;
            if (make_step(step, variance, 0)) {
                variance = 0;
            }
        }
        assert_int_equal(periodic.drifts, 0);
        assert_true(periodic.period > 4); /* S is small now */
    }
}

static void what_is_not_finite_is_averaged_at_once(void **state)
{
    const double bad[] = {NAN, INFINITY};

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint64_t step = run_first_phase(8);

        (void)run_period(&step, bad[i], 0.5);
        assert_int_equal(run_period(&step, 8 * 0.5, 0.5), 1);
        assert_true(isfinite(periodic.mean));
        assert_int_equal(periodic.rest, SPAR_PERIODIC_REST - 1);
        assert_int_equal(periodic.drifts, 0);
    }
}

static void rates_that_are_not_known_change_nothing(void **state)
{
    const double bad[] = {0, -1, NAN, INFINITY};

    (void)state;
    for (int i = 0; i < 4; i++) {
        uint64_t step = run_first_phase(8);

        (void)run_period(&step, 1e-3, bad[i]);
        assert_int_equal(periodic.period, 4);
        assert_int_equal(periodic.drifts, 0);
    }
}

/* An averaging before its time says less of S than the period would. */
static void forced_averagings_do_not_count(void **state)
{
    uint64_t step = run_first_phase(8);

    (void)state;
    (void)spar_periodic_begin(&periodic, step);
    spar_periodic_end(&periodic, true, true, false);
    spar_periodic_observe(&periodic, 1, 0.5);
    assert_int_equal(periodic.period, 4);
}

static void marks_are_thinned_out(void **state)
{
    uint64_t step = 0;

    (void)state;
    start((spar_periodic_rule_t){.periods = {.count = 1, .period = {2}}});
    for (int i = 0; i < 5000; i++) {
        (void)run_period(&step, i, 1);
    }
    assert_in_range(periodic.mark_count, SPAR_PERIODIC_MARKS / 4,
                    SPAR_PERIODIC_MARKS);
    for (size_t i = 0; i < periodic.mark_count; i++) {
        const spar_periodic_mark_t *mark = &periodic.marks[i];

        assert_int_equal(mark->step, 2 * mark->variance + 1);
        assert_true(mark->variance == (double)(i * periodic.stride));
    }
}

static double noise(uint32_t *random)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        *random = *random * 1664525u + 1013904223u;
        sum += *random / 4294967296.0;
    }
    return sum - 6;
}

#define REPLICAS   8
#define PARAMETERS 64

/*
 * Local SGD on a quadratic loss: with rate c and noise of deviation 1, S after
 * p steps is about c^2 p PARAMETERS (1 - 1/REPLICAS), so S / rate stays what it
 * was in the first phase if p goes up as c goes down.
 */
static void variance_tracks_the_thresholds(void **state)
{
    static double w[REPLICAS][PARAMETERS];
    const spar_rates_t rates = {
        .count = 2, .step = {0, 2000}, .rate = {0.02, 0.005}};
    uint32_t random = 1;
    double late = 0;
    uint64_t looks = 0;

    (void)state;
    start((spar_periodic_rule_t){.rates = rates, .train_steps = 8000});
    for (uint64_t step = 0; step < 8000; step++) {
        double rate = spar_rates_at(&rates, step);
        bool averages = spar_periodic_begin(&periodic, step);
        double variance = 0;

        for (int i = 0; i < PARAMETERS; i++) {
            double mean = 0;

            for (int r = 0; r < REPLICAS; r++) {
                w[r][i] -= rate * (w[r][i] + noise(&random));
                mean += w[r][i] / REPLICAS;
            }
            for (int r = 0; averages && r < REPLICAS; r++) {
                variance += (w[r][i] - mean) * (w[r][i] - mean) / REPLICAS;
                w[r][i] = mean;
            }
        }
        spar_periodic_end(&periodic, averages, averages, false);
        if (averages) {
            spar_periodic_observe(&periodic, variance, 0);
        }
        if (averages && step > 4000) {
            late += variance / rate;
            looks++;
        }
    }
    /* The rate fell to a quarter, so the period comes to 4 times 0.7 to 1.3 as
     * long. */
    assert_in_range(periodic.period, 11, 21);
    assert_true(late / (double)looks > 0.65 * periodic.mean &&
                late / (double)looks < 1.35 * periodic.mean);
    assert_int_equal(periodic.drifts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_periods_are_kept),
        cmocka_unit_test(parts_of_the_training_have_their_periods),
        cmocka_unit_test(the_last_step_averages_and_so_do_those_behind_it),
        cmocka_unit_test(rates_hold_from_their_steps_on),
        cmocka_unit_test(
            a_step_that_has_to_average_and_does_not_is_made_up_for),
        cmocka_unit_test(an_exchange_need_not_average),
        cmocka_unit_test(the_present_step_counts_at_the_end),
        cmocka_unit_test(the_period_follows_the_variance),
        cmocka_unit_test(periods_have_bounds),
        cmocka_unit_test(a_given_rate_wins_over_the_update),
        cmocka_unit_test(
            without_a_length_the_first_phase_ends_when_it_is_known),
        cmocka_unit_test(replicas_that_drift_apart_are_averaged_in_each_step),
        cmocka_unit_test(a_fall_of_the_rate_is_no_drift),
        cmocka_unit_test(what_is_not_finite_is_averaged_at_once),
        cmocka_unit_test(rates_that_are_not_known_change_nothing),
        cmocka_unit_test(forced_averagings_do_not_count),
        cmocka_unit_test(marks_are_thinned_out),
        cmocka_unit_test(variance_tracks_the_thresholds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
