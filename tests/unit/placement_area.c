/* Which of the free cores? */
#include "placement.h"

static void ranks_that_share_their_cores_take_turns(void **state)
{
    spar_placement_t *m = machine("pack:2 numa:1 core:4 pu:1");
    words_t used = range(0, 1);

    (void)state;
    for (int rank = 0; rank < 8; rank++) {
        unsigned core = 2 + (unsigned)rank % 6;

        assert_binds(choose(m, used, used, 8, rank), core, core);
    }
    spar_placement_close(m);
}

static void an_area_too_full_for_its_ranks_leaves_the_last_to_others(
    void **state)
{
    /* Cores 0 to 2 are bound to by a rank each. */
    spar_placement_t *m = machine("pack:2 numa:1 core:4 pu:1");
    const unsigned expected[] = {3, 7, 6};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_binds(choose(m, range(0, 2), range(i, i), 3, (int)i),
                     expected[i], expected[i]);
    }
    spar_placement_close(m);
}

static void the_core_is_in_the_ranks_own_area(void **state)
{
    /* Cores 0, 1 and 4, 5 are used. */
    spar_placement_t *m = machine("pack:2 numa:1 core:4 pu:1");
    words_t used = both(range(0, 1), range(4, 5));
    const unsigned mapped[2][4] = {{0, 1, 4, 5}, {0, 4, 1, 5}};

    (void)state;
    /* By core, then by package: no two get the same core. */
    for (unsigned map = 0; map < 2; map++) {
        for (int rank = 0; rank < 4; rank++) {
            unsigned own = mapped[map][rank];

            assert_binds(choose(m, used, range(own, own), 4, rank), own + 2,
                         own + 2);
        }
    }
    /* One rank per package, on both of its cores */
    assert_binds(choose(m, used, range(4, 5), 2, 1), 7, 7);
    assert_binds(choose(m, used, range(0, 1), 2, 0), 2, 2);
    spar_placement_close(m);

    /* Two ranks on two cores each in package 0 */
    m = machine("pack:2 numa:1 core:6 pu:1");
    used = both(range(0, 3), range(6, 7));
    assert_binds(choose(m, used, range(0, 1), 3, 0), 4, 4);
    assert_binds(choose(m, used, range(2, 3), 3, 1), 5, 5);
    spar_placement_close(m);
}

static void a_numa_node_and_a_package_are_areas(void **state)
{
    const char *machines[] = {"pack:1 numa:2 core:3 pu:1",
                              "numa:1 pack:2 core:3 pu:1"};
    words_t used = both(range(0, 0), range(3, 3));

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        spar_placement_t *m = machine(machines[i]);

        assert_binds(choose(m, used, range(0, 0), 2, 0), 1, 1);
        assert_binds(choose(m, used, range(3, 3), 2, 0), 4, 4);
        /* Nothing free at home */
        assert_binds(choose(m, range(0, 2), range(2, 2), 3, 0), 3, 3);
        assert_binds(choose(m, range(0, 2), range(0, 0), 3, 1), 4, 4);
        spar_placement_close(m);
    }
}

static void cores_near_the_network_come_first(void **state)
{
    spar_placement_t *m = machine_of_file("ethernet.xml");
    words_t used = both(range(0, 0), range(4, 5));
    const unsigned expected[] = {6, 7, 1, 2, 3, 6};
    spar_placement_choice_t choice;

    (void)state;
    for (int rank = 0; rank < 6; rank++) {
        assert_binds(choose(m, used, range(0, 0), 6, rank), expected[rank],
                     expected[rank]);
    }
    choice = choose(m, used, range(0, 0), 1, 0);
    assert_string_equal(choice.why, "core 6 (NUMA node 1, near eth0), which "
                                    "no rank uses");
    /* No free core there: no preference, and nothing said of the virtual
     * device beside package 0. */
    choice = choose(m, both(range(0, 1), range(4, 7)), range(0, 0), 1, 0);
    assert_string_equal(choice.why, "core 2 (NUMA node 0), which no rank uses");
    /* All free cores are there: this rank's own area counts. */
    assert_binds(choose(m, range(0, 5), range(5, 5), 6, 0), 7, 7);
    spar_placement_close(m);
}

static void openfabrics_hides_ethernet(void **state)
{
    spar_placement_t *m = machine_of_file("openfabrics.xml");
    spar_placement_choice_t choice = choose(m, range(0, 0), range(0, 0), 1, 0);

    (void)state;
    assert_string_equal(choice.why, "core 4 (NUMA node 1, near mlx5_0), which "
                                    "no rank uses");
    spar_placement_close(m);
}

static void a_network_device_without_a_place_is_near_nothing(void **state)
{
    spar_placement_t *m = machine_of_file("root.xml");
    spar_placement_choice_t choice = choose(m, range(4, 4), range(4, 4), 1, 0);

    (void)state;
    assert_string_equal(choice.why, "core 5 (NUMA node 1), which no rank uses");
    spar_placement_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_that_share_their_cores_take_turns),
        cmocka_unit_test(
            an_area_too_full_for_its_ranks_leaves_the_last_to_others),
        cmocka_unit_test(the_core_is_in_the_ranks_own_area),
        cmocka_unit_test(a_numa_node_and_a_package_are_areas),
        cmocka_unit_test(cores_near_the_network_come_first),
        cmocka_unit_test(openfabrics_hides_ethernet),
        cmocka_unit_test(a_network_device_without_a_place_is_near_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
