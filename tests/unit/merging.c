#include "unit.h"

#include "policy/merging.h"

static spar_merging_call_t small(uint64_t count)
{
    return (spar_merging_call_t){.eligible = true,
                                 .dtype = SPAR_DTYPE_F32,
                                 .method = SPAR_METHOD_ALLGATHER,
                                 .count = count};
}

static void neighbours_travel_together(void **state)
{
    spar_merging_call_t calls[] = {small(5000), small(6000), small(32768)};
    spar_merging_run_t runs[1];

    (void)state;
    assert_int_equal(spar_merging_find(calls, 3, runs), 1);
    assert_int_equal(runs[0].first, 0);
    assert_int_equal(runs[0].size, 3);
}

static void one_alone_is_no_group(void **state)
{
    spar_merging_call_t calls[] = {small(5000), small(32769), small(5000)};
    spar_merging_run_t runs[1] = {{7, 7}};

    (void)state;
    assert_int_equal(spar_merging_find(calls, 1, runs), 0);
    assert_int_equal(spar_merging_find(calls, 3, runs), 0);
    assert_int_equal(spar_merging_find(calls, 0, runs), 0);
    assert_int_equal(runs[0].first, 7);
}

static void what_differs_divides(void **state)
{
    spar_merging_call_t calls[8];
    spar_merging_run_t runs[4];

    (void)state;
    for (size_t what = 0; what < 3; what++) {
        for (size_t i = 0; i < 8; i++) {
            calls[i] = small(4096);
        }
        /* The odd one belongs to neither side, unless two of its kind meet. */
        calls[3].eligible = what != 0;
        calls[3].dtype = what == 1 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
        calls[3].method =
            what == 2 ? SPAR_METHOD_DOUBLING : SPAR_METHOD_ALLGATHER;
        assert_int_equal(spar_merging_find(calls, 8, runs), 2);
        assert_int_equal(runs[0].first, 0);
        assert_int_equal(runs[0].size, 3);
        assert_int_equal(runs[1].first, 4);
        assert_int_equal(runs[1].size, 4);
        calls[4] = calls[3];
        assert_int_equal(spar_merging_find(calls, 8, runs), what == 0 ? 2 : 3);
    }
}

static void the_total_is_limited(void **state)
{
    spar_merging_call_t calls[9];
    spar_merging_run_t runs[4];

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        calls[i] = small(32768);
    }
    assert_int_equal(spar_merging_find(calls, 9, runs), 2);
    assert_int_equal(runs[0].size, 4);
    assert_int_equal(runs[1].first, 4);
    assert_int_equal(runs[1].size, 4);
    calls[0].count = 1;
    calls[1].count = 32767;
    assert_int_equal(spar_merging_find(calls, 9, runs), 2);
    assert_int_equal(runs[0].size, 5);
}

static void the_number_is_limited(void **state)
{
    spar_merging_call_t calls[SPAR_MERGING_MOST * 2 + 1];
    spar_merging_run_t runs[SPAR_MERGING_MOST];

    (void)state;
    for (size_t i = 0; i < SPAR_MERGING_MOST * 2 + 1; i++) {
        calls[i] = small(10);
    }
    assert_int_equal(spar_merging_find(calls, SPAR_MERGING_MOST * 2 + 1, runs),
                     2);
    assert_int_equal(runs[0].size, SPAR_MERGING_MOST);
    assert_int_equal(runs[1].first, SPAR_MERGING_MOST);
    assert_int_equal(runs[1].size, SPAR_MERGING_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_travel_together),
        cmocka_unit_test(one_alone_is_no_group),
        cmocka_unit_test(what_differs_divides),
        cmocka_unit_test(the_total_is_limited),
        cmocka_unit_test(the_number_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
