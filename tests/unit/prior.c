/* What a message is thought to cost before one was sent. */
#include "unit.h"

#include "policy/prior.h"

#include <string.h>

static const spar_nic_t ethernet = {
    .name = "eth0", .rate = 1.25e8, .hardware = true};
static const spar_nic_t verbs = {
    .name = "mlx5_0", .rate = 12.5e9, .hardware = true, .infiniband = true};
static const spar_nic_t mute = {.name = "ens3", .hardware = true};

static void the_link_gives_the_rate(void **state)
{
    spar_prior_t prior;

    (void)state;
    /* 941 Mbit/s is what TCP makes of 1 Gbit/s. */
    spar_prior_network(&ethernet, &prior);
    assert_float_equal(8e-6 / prior.beta, 941.5, 0.1);
    assert_float_equal(prior.alpha, 5e-5, 1e-12);
    assert_string_equal(prior.source,
                        "1 Gbit/s link speed of eth0; alpha assumed");
    spar_prior_network(&verbs, &prior);
    assert_float_equal(prior.beta, 8e-11, 1e-20);
    assert_float_equal(prior.alpha, 2e-6, 1e-12);
}

static void what_is_assumed_is_said(void **state)
{
    spar_prior_t prior;
    spar_nic_t made_up = ethernet;

    (void)state;
    spar_prior_network(&mute, &prior);
    assert_float_equal(prior.beta, 1e-9, 1e-20);
    assert_string_equal(prior.source, "assumed: ens3 has no known speed");
    spar_prior_network(NULL, &prior);
    assert_float_equal(prior.beta, 1e-9, 1e-20);
    assert_string_equal(prior.source, "assumed: the interface of some node has "
                                      "no known speed");
    made_up.hardware = false;
    spar_prior_network(&made_up, &prior);
    assert_non_null(strstr(prior.source, "virtual"));
    spar_prior_node(&prior);
    assert_true(prior.alpha > 0 && prior.beta > 0);
    assert_non_null(strstr(prior.source, "assumed"));
}

static void the_slowest_interface_limits(void **state)
{
    (void)state;
    assert_ptr_equal(spar_prior_slower(&ethernet, &verbs), &ethernet);
    assert_ptr_equal(spar_prior_slower(&verbs, &ethernet), &ethernet);
    assert_ptr_equal(spar_prior_slower(&mute, &ethernet), &mute);
    assert_ptr_equal(spar_prior_slower(&ethernet, &mute), &mute);
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(spar_level_name(SPAR_LEVEL_NODE), "same_node");
    assert_string_equal(spar_level_name(SPAR_LEVEL_NETWORK), "other_node");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_gives_the_rate),
        cmocka_unit_test(what_is_assumed_is_said),
        cmocka_unit_test(the_slowest_interface_limits),
        cmocka_unit_test(levels_have_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
