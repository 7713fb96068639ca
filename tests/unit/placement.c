/* Is there a core for the helper thread? */
#include "placement.h"

static void a_core_that_no_rank_uses_is_taken(void **state)
{
    spar_placement_t *m = machine("pack:2 numa:1 core:4 pu:1");
    words_t used = both(range(0, 4), range(6, 7));
    spar_placement_choice_t choice = choose(m, used, range(0, 0), 1, 0);

    (void)state;
    assert_binds(choice, 5, 5);
    assert_string_equal(choice.why, "core 5 (NUMA node 1), which no rank uses");
    /* Two helpers, one core. */
    choice = choose(m, used, unknown, 2, 1);
    assert_binds(choice, 5, 5);
    assert_string_equal(choice.why, "core 5 (NUMA node 1), which no rank uses; "
                                    "1 such for 2 ranks");
    spar_placement_close(m);
}

static void a_hyperthread_beside_a_rank_is_not_spare(void **state)
{
    spar_placement_t *m = machine("core:4 pu:2");
    words_t halves = {{0x55}};

    (void)state;
    assert_none(choose(m, halves, range(0, 0), 4, 0),
                "4 ranks use all 4 cores");
    /* All of the free core, both of its threads. */
    assert_binds(choose(m, (words_t){{0x51}}, range(0, 0), 3, 0), 2, 3);
    spar_placement_close(m);
}

static void only_allowed_cores_count(void **state)
{
    hwloc_topology_t topology = synthetic("core:4 pu:2");
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    spar_placement_t *m;

    (void)state;
    /* Core 0, one thread of core 1, core 2 */
    hwloc_bitmap_from_ulong(set, 0x37);
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    assert_int_equal(hwloc_topology_load(topology), 0);
    assert_int_equal(
        hwloc_topology_allow(topology, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
    m = spar_placement_open_topology(topology);
    assert_binds(choose(m, both(range(0, 1), range(4, 5)), range(0, 1), 1, 0),
                 2, 2);
    assert_none(choose(m, range(0, 5), range(0, 5), 3, 0),
                "3 ranks use all 3 cores");
    spar_placement_close(m);

    topology = synthetic("core:4 pu:2");
    assert_int_equal(hwloc_topology_load(topology), 0);
    assert_int_equal(hwloc_topology_restrict(topology, set, 0), 0);
    m = spar_placement_open_topology(topology);
    assert_floats(choose(m, range(0, 5), range(0, 5), 2, 0),
                  "2 ranks float over 3 cores");
    spar_placement_close(m);
    hwloc_bitmap_free(set);
}

static void processing_units_stand_in_for_cores(void **state)
{
    spar_placement_t *m = machine("pu:4");
    spar_placement_choice_t choice = choose(m, range(0, 2), range(0, 2), 3, 0);

    (void)state;
    assert_binds(choice, 3, 3);
    assert_string_equal(choice.why,
                        "processing unit 3 (NUMA node 0), which no rank uses; "
                        "1 such for 3 ranks");
    assert_none(choose(m, range(0, 3), range(0, 3), 4, 0),
                "4 ranks use all 4 cores");
    spar_placement_close(m);
}

static void few_unbound_ranks_leave_room(void **state)
{
    spar_placement_t *m = machine("core:8 pu:1");
    words_t all = range(0, 7);

    (void)state;
    assert_floats(choose(m, all, all, 4, 0), "4 ranks float over 8 cores");
    assert_floats(choose(m, all, all, 7, 6), "7 ranks float over 8 cores");
    assert_floats(choose(m, all, all, 1, 0), "1 rank floats over 8 cores");
    assert_none(choose(m, all, all, 8, 0), "8 ranks use all 8 cores");
    assert_none(choose(m, all, all, 9, 0), "9 ranks share 8 cores");
    /* Others have several cores, this one has not. */
    assert_none(choose(m, all, range(2, 2), 3, 0),
                "this rank is bound to one core and no other is known to be "
                "free");
    spar_placement_close(m);
}

static void unknown_bindings_count_as_unbound(void **state)
{
    spar_placement_t *m = machine("core:4 pu:1");
    spar_placement_t *one = machine("core:1 pu:2");

    (void)state;
    assert_floats(choose(m, unknown, unknown, 2, 0),
                  "2 ranks float over 4 cores");
    /* PUs of another machine */
    assert_floats(choose(m, range(100, 110), unknown, 2, 0),
                  "2 ranks float over 4 cores");
    assert_none(choose(m, unknown, unknown, 4, 0), "4 ranks use all 4 cores");
    assert_binds(choose(m, range(0, 0), unknown, 2, 1), 2, 2);
    assert_binds(choose(m, range(0, 1), unknown, -1, -1), 2, 2);
    assert_floats(choose(m, unknown, unknown, -1, -1),
                  "1 rank floats over 4 cores");
    assert_none(choose(one, unknown, unknown, 1, 0), "the node has one core");
    assert_none(choose(NULL, range(0, 0), range(0, 0), 1, 0),
                "the cores of the node are unknown");
    spar_placement_close(m);
    spar_placement_close(one);
    spar_placement_close(NULL);
}

static void a_machine_larger_than_the_bitmaps_floats(void **state)
{
    spar_placement_t *large = machine("core:1500 pu:2");
    spar_placement_t *larger = machine("pu:2049");
    spar_placement_t *largest = machine("core:1024 pu:2");
    words_t words = unknown;

    (void)state;
    assert_floats(choose(large, range(0, 1), range(0, 1), 2, 0),
                  "2 ranks float over 1500 cores");
    assert_floats(choose(larger, range(0, 2047), range(0, 1), 2, 0),
                  "2 ranks float over 2049 cores");
    assert_false(spar_placement_binding(large, words.pu));
    assert_binds(choose(largest, range(0, 2045), range(0, 1), 2, 0), 2046,
                 2047);
    spar_placement_close(large);
    spar_placement_close(larger);
    spar_placement_close(largest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_that_no_rank_uses_is_taken),
        cmocka_unit_test(a_hyperthread_beside_a_rank_is_not_spare),
        cmocka_unit_test(only_allowed_cores_count),
        cmocka_unit_test(processing_units_stand_in_for_cores),
        cmocka_unit_test(few_unbound_ranks_leave_room),
        cmocka_unit_test(unknown_bindings_count_as_unbound),
        cmocka_unit_test(a_machine_larger_than_the_bitmaps_floats)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
