#include "lags_cases.h"

#include "policy/lags_scale.h"

/* What truly holds, and what the cost model says at the densities in force. */
typedef struct link {
    double a, b;
    double fixed, slope;
} link_t;

static double seconds(const link_t *link)
{
    return link->a * link->fixed + link->b * link->slope;
}

static double error(const spar_lags_scale_t *scale, const link_t *link)
{
    return fabs(spar_lags_scale_predict(scale, link->fixed, link->slope) /
                    seconds(link) -
                1);
}

/* One review that found `factor` times what truly holds. */
static void review(spar_lags_scale_t *scale, const link_t *link, double factor)
{
    spar_lags_scale_review_t latest = {.fixed = link->fixed,
                                       .slope = link->slope,
                                       .busy = factor * seconds(link)};

    spar_lags_scale_add(scale, &latest);
}

static double noise(uint64_t *seed)
{
    return 0.8 + 0.4 * lags_random(seed);
}

static void one_review_corrects_the_sum(void **state)
{
    const link_t link = {.a = 20, .b = 5, .fixed = 0.01, .slope = 0.1};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    assert_true(spar_lags_scale_predict(&scale, 2, 3) == 5);
    review(&scale, &link, 1);
    assert_true(error(&scale, &link) < 1e-9);
    /* Nothing tells which part is off. */
    lags_assert_near(scale.fixed, scale.slope, 1e-9);
}

static void other_densities_tell_the_factors_apart(void **state)
{
    link_t link = {.a = 2, .b = 0.5, .fixed = 0.05, .slope = 0.1};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    for (int i = 0; i < 6; i++) {
        link.slope = i % 2 ? 0.3 : 0.1;
        review(&scale, &link, 1);
    }
    lags_assert_near(scale.fixed, link.a, 0.1 * link.a);
    lags_assert_near(scale.slope, link.b, 0.1 * link.b);
    for (link.slope = 0.1; link.slope < 0.4; link.slope += 0.2) {
        assert_true(error(&scale, &link) < 0.02);
    }
}

/* Far off at other densities, but the reviews before fit in. */
static void news_that_agree_teach_both_factors(void **state)
{
    link_t link = {.a = 4, .b = 0.4, .fixed = 0.05, .slope = 0.2};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    for (int k = 0; k < 10; k++) {
        review(&scale, &link, 1);
    }
    link.slope = 1;
    assert_true(error(&scale, &link) > 0.6);
    review(&scale, &link, 1);
    assert_true(error(&scale, &link) < 0.1);
    review(&scale, &link, 1);
    assert_true(error(&scale, &link) < 0.05);
    assert_int_equal(scale.count, 12);
    lags_assert_near(scale.fixed, link.a, 0.1 * link.a);
    lags_assert_near(scale.slope, link.b, 0.1 * link.b);
}

/* What does not depend on densities stays. */
static void a_changed_rate_is_the_link_s(void **state)
{
    link_t link = {.a = 1, .b = 1, .fixed = 0.05, .slope = 0.1};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    review(&scale, &link, 1);
    review(&scale, &link, 1);
    link.b = 10;
    review(&scale, &link, 1);
    lags_assert_near(scale.fixed, 1, 1e-6);
    lags_assert_near(scale.slope, 10, 1e-6);
}

/* A link that was known, changes, and changes back. */
static void changed_rates_are_known_after_two_reviews(void **state)
{
    const double changes[] = {10, 0.1, 3, 1.0 / 3};

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        link_t link = {.a = 2, .b = 0.6, .fixed = 0.05, .slope = 0.1};
        spar_lags_scale_t scale;

        spar_lags_scale_init(&scale);
        for (int k = 0; k < 40; k++) {
            review(&scale, &link, 1);
        }
        for (int turn = 0; turn < 2; turn++) {
            link.b *= turn == 0 ? changes[i] : 1 / changes[i];
            for (int k = 0; k < 20; k++) {
                review(&scale, &link, 1);
                assert_true(k < 1 || error(&scale, &link) < 0.1);
            }
        }
    }
}

/* Densities follow the link's rate, so that nothing but the reviews themselves
 * looks the same. */
static void changed_rates_are_known_though_densities_follow(void **state)
{
    const double changes[] = {10, 0.1, 3, 1.0 / 3};

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        link_t link = {.a = 2, .b = 0.6, .fixed = 0.05, .slope = 0.1};
        spar_lags_scale_t scale;

        spar_lags_scale_init(&scale);
        for (int k = 0; k < 20; k++) {
            review(&scale, &link, 1);
        }
        link.b *= changes[i];
        review(&scale, &link, 1);
        link.slope /= changes[i];
        review(&scale, &link, 1);
        assert_true(error(&scale, &link) < 0.1);
    }
}

/* 20 % of noise; densities that hardly change or change by 30 %. */
static void noise_averages_out(void **state)
{
    const double spreads[] = {0, 0.3};
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(spreads) / sizeof(*spreads); i++) {
        link_t link = {.a = 2, .b = 0.6, .fixed = 0.05};
        spar_lags_scale_t scale;
        size_t bad = 0;

        spar_lags_scale_init(&scale);
        for (int k = 0; k < 5000; k++) {
            link.slope = 0.1 * (1 + spreads[i] * lags_random(&seed));
            bad += k > 16 && error(&scale, &link) > 0.1;
            review(&scale, &link, noise(&seed));
        }
        assert_in_range(bad, 0, 5);
    }
}

/* Noise tells nothing of two factors where densities stay. */
static void the_factors_keep_their_ratio_without_news(void **state)
{
    const link_t link = {.a = 3, .b = 3, .fixed = 0.05, .slope = 0.1};
    spar_lags_scale_t scale;
    uint64_t seed = 2;

    (void)state;
    spar_lags_scale_init(&scale);
    for (int k = 0; k < 1000; k++) {
        review(&scale, &link, noise(&seed));
        lags_assert_near(scale.slope / scale.fixed, 1, 0.25);
    }
}

static void an_accident_is_forgiven(void **state)
{
    const link_t link = {.a = 2, .b = 0.6, .fixed = 0.05, .slope = 0.1};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    for (int k = 0; k < 32; k++) {
        review(&scale, &link, 1);
    }
    review(&scale, &link, 1.45);
    assert_true(error(&scale, &link) < 0.024);
    review(&scale, &link, 5);
    review(&scale, &link, 1);
    assert_true(error(&scale, &link) < 1e-6);
}

static void factors_stay_positive(void **state)
{
    /* Less at more density: no factors above 0 say so. */
    const spar_lags_scale_review_t reviews[] = {
        {.fixed = 0.1, .slope = 0.1, .busy = 0.2},
        {.fixed = 0.1, .slope = 0.2, .busy = 0.15},
        {.fixed = 0.1, .slope = 0, .busy = 1e-12},
        {.fixed = 0, .slope = 0.1, .busy = 1e9},
        {.fixed = 0.1, .slope = 0, .busy = 1e12}};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    for (size_t i = 0; i < 200; i++) {
        spar_lags_scale_add(&scale, &reviews[i % 5]);
        assert_true(scale.fixed >= 1e-6 && scale.fixed <= 1e6);
        assert_true(scale.slope >= 1e-6 && scale.slope <= 1e6);
    }
}

/* More than in proportion to the densities: all is put down to the slope. */
static void a_fixed_part_that_would_be_negative_is_none(void **state)
{
    const link_t links[] = {{.a = -1, .b = 2, .fixed = 0.1, .slope = 0.1},
                            {.a = -1, .b = 2, .fixed = 0.1, .slope = 0.14}};
    spar_lags_scale_t scale;

    (void)state;
    spar_lags_scale_init(&scale);
    for (int i = 0; i < 20; i++) {
        review(&scale, &links[i % 2], 1);
    }
    assert_true(error(&scale, &links[0]) < 0.2);
    assert_true(error(&scale, &links[1]) < 0.2);
}

static void what_is_no_review_is_ignored(void **state)
{
    const spar_lags_scale_review_t wrong[] = {
        {.fixed = NAN, .slope = 1, .busy = 1},
        {.fixed = 1, .slope = INFINITY, .busy = 1},
        {.fixed = -1, .slope = 3, .busy = 1},
        {.fixed = 3, .slope = -1, .busy = 1},
        {.fixed = 0, .slope = 0, .busy = 1},
        {.fixed = 1, .slope = 1, .busy = 0},
        {.fixed = 1, .slope = 1, .busy = NAN}};
    spar_lags_scale_t scale, before;

    (void)state;
    spar_lags_scale_init(&scale);
    before = scale;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        spar_lags_scale_add(&scale, &wrong[i]);
        assert_memory_equal(&scale, &before, sizeof(scale));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_review_corrects_the_sum),
        cmocka_unit_test(other_densities_tell_the_factors_apart),
        cmocka_unit_test(news_that_agree_teach_both_factors),
        cmocka_unit_test(a_changed_rate_is_the_link_s),
        cmocka_unit_test(changed_rates_are_known_after_two_reviews),
        cmocka_unit_test(changed_rates_are_known_though_densities_follow),
        cmocka_unit_test(noise_averages_out),
        cmocka_unit_test(the_factors_keep_their_ratio_without_news),
        cmocka_unit_test(an_accident_is_forgiven),
        cmocka_unit_test(factors_stay_positive),
        cmocka_unit_test(a_fixed_part_that_would_be_negative_is_none),
        cmocka_unit_test(what_is_no_review_is_ignored)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
