#include "unit.h"

#include "policy/guard.h"

#include <string.h>

#define KIB 1024u

static void statistics_are_small_beside_layers(void **state)
{
    const uint64_t norm = 4096, layer = 262144;

    (void)state;
    assert_true(spar_guard_is_small(norm));
    assert_true(spar_guard_is_small(16 * KIB - 1));
    assert_false(spar_guard_is_small(16 * KIB));
    assert_true(spar_guard_is_little(4 * norm, 4 * norm + layer));
    /* Small layers that make up the model are layers. */
    assert_false(spar_guard_is_little(16 * norm, 16 * norm + layer));
    assert_false(spar_guard_is_little(norm, norm));
}

static void each_guard_says_why_and_what_to_do(void **state)
{
    (void)state;
    assert_null(spar_guard_why(SPAR_GUARD_NONE));
    for (int guard = SPAR_GUARD_NONE + 1; guard < SPAR_GUARDS; guard++) {
        const char *why = spar_guard_why((spar_guard_t)guard);
        const char *in_auto = spar_guard_why_in_auto((spar_guard_t)guard);

        assert_non_null(strstr(why, "; SPAR_"));
        assert_non_null(strstr(in_auto, "mode auto: dense, "));
        assert_memory_equal(why, in_auto + strlen("mode auto: dense, "), 12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_small_beside_layers),
        cmocka_unit_test(each_guard_says_why_and_what_to_do)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
