/* On this very machine: the binding is read and the calling thread bound. */
#include "unit.h"

#include "policy/placement.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static cpu_set_t affinity(void)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    return set;
}

static int open_machine(void **state)
{
    unsetenv("HWLOC_SYNTHETIC");
    unsetenv("HWLOC_XMLFILE");
    *state = spar_placement_open();
    return *state ? 0 : -1;
}

static int close_machine(void **state)
{
    spar_placement_close(*state);
    return 0;
}

static void opening_leaves_the_binding(void **state)
{
    cpu_set_t before = affinity();
    spar_placement_t *placement = spar_placement_open();
    cpu_set_t after = affinity();

    (void)state;
    assert_non_null(placement);
    assert_true(CPU_EQUAL(&before, &after));
    spar_placement_close(placement);
}

static void the_binding_is_the_kernels(void **state)
{
    uint64_t words[SPAR_PLACEMENT_WORDS];
    cpu_set_t set = affinity();

    memset(words, 0xff, sizeof(words));
    assert_true(spar_placement_binding(*state, words));
    for (unsigned pu = 0; pu < SPAR_PLACEMENT_WORDS * 64; pu++) {
        bool bound = pu < CPU_SETSIZE && CPU_ISSET(pu, &set);

        assert_int_equal(words[pu / 64] >> (pu % 64) & 1, bound);
    }
}

/* Binds itself to the last PU that it may use. */
static void *helper(void *placement)
{
    spar_placement_choice_t choice = {.spare = true, .bind = true};
    cpu_set_t set = affinity();
    int pu = CPU_SETSIZE - 1;

    while (!CPU_ISSET(pu, &set)) {
        pu--;
    }
    choice.pu_words[pu / 64] = UINT64_C(1) << (pu % 64);
    assert_true(spar_placement_bind(placement, &choice));
    set = affinity();
    assert_int_equal(CPU_COUNT(&set), 1);
    assert_true(CPU_ISSET(pu, &set));
    return NULL;
}

static void the_calling_thread_alone_is_bound(void **state)
{
    cpu_set_t before = affinity();
    cpu_set_t after;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, helper, *state), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    after = affinity();
    assert_true(CPU_EQUAL(&before, &after));
}

static void a_thread_stays_where_it_is_not_to_be_or_cannot_be_bound(
    void **state)
{
    spar_placement_choice_t choice = {.spare = true};
    cpu_set_t before = affinity();
    cpu_set_t after;

    choice.pu_words[0] = 1;
    assert_true(spar_placement_bind(*state, &choice));
    memset(choice.pu_words, 0, sizeof(choice.pu_words));
    choice.pu_words[SPAR_PLACEMENT_WORDS - 1] = UINT64_C(1) << 63;
    choice.bind = true;
    assert_false(spar_placement_bind(*state, &choice));
    after = affinity();
    assert_true(CPU_EQUAL(&before, &after));
}

static void the_variables_of_hwloc_apply(void **state)
{
    const uint64_t used[SPAR_PLACEMENT_WORDS] = {0x7f};
    spar_placement_choice_t choice;
    spar_placement_t *placement;

    (void)state;
    setenv("HWLOC_SYNTHETIC", "pack:2 core:4 pu:1", 1);
    placement = spar_placement_open();
    assert_non_null(placement);
    unsetenv("HWLOC_SYNTHETIC");
    spar_placement_choose(placement, used, used, 1, 0, &choice);
    assert_int_equal(choice.pu_words[0], 0x80);
    spar_placement_close(placement);

    setenv("HWLOC_XMLFILE", SPAR_TEST_DATA "/ethernet.xml", 1);
    placement = spar_placement_open();
    assert_non_null(placement);
    unsetenv("HWLOC_XMLFILE");
    /* Network devices are seen. */
    spar_placement_choose(placement, used, used, 1, 0, &choice);
    assert_non_null(strstr(choice.why, "near eth0"));
    spar_placement_close(placement);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_leaves_the_binding),
        cmocka_unit_test(the_binding_is_the_kernels),
        cmocka_unit_test(the_calling_thread_alone_is_bound),
        cmocka_unit_test(
            a_thread_stays_where_it_is_not_to_be_or_cannot_be_bound),
        cmocka_unit_test(the_variables_of_hwloc_apply)};

    return cmocka_run_group_tests(tests, open_machine, close_machine);
}
