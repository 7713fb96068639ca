/* Whether ranks have the same, and who differs from whom. */
#include "unit.h"

#include "policy/replicas.h"

#include <float.h>
#include <string.h>

#define RANKS 20

static void take_least(const double *from, double *to)
{
    for (int i = 0; i < 2; i++) {
        to[i] = from[i] < to[i] ? from[i] : to[i];
    }
}

/* What the minima over three ranks tell. */
static bool differ(double one, double two, double three)
{
    double numbers[] = {one, two, three};
    double least[2] = {DBL_MAX, DBL_MAX};

    for (int i = 0; i < 3; i++) {
        double pair[2];

        spar_replicas_put(numbers[i], pair);
        take_least(pair, least);
    }
    return spar_replicas_differ(least);
}

static void equal_numbers_do_not_differ(void **state)
{
    (void)state;
    assert_false(differ(0.0625, 0.0625, 0.0625));
    assert_false(differ(0x1p52, 0x1p52, 0x1p52));
    assert_false(differ(SPAR_REPLICAS_NOTHING, SPAR_REPLICAS_NOTHING,
                        SPAR_REPLICAS_NOTHING));
}

static void the_last_bit_counts_on_any_rank(void **state)
{
    double next = 0.0625 + DBL_EPSILON * 0.0625;

    (void)state;
    assert_true(differ(next, 0.0625, 0.0625));
    assert_true(differ(0.0625, next, 0.0625));
    assert_true(differ(0.0625, 0.0625, next));
    assert_true(differ(0x1p52, 0x1p52 - 1, 0x1p52));
    assert_true(differ(1, SPAR_REPLICAS_NOTHING, 1));
}

static void what_one_rank_does_not_know_is_not_compared(void **state)
{
    (void)state;
    assert_false(differ(SPAR_REPLICAS_UNKNOWN, 0.5, 0.25));
    assert_false(differ(1, SPAR_REPLICAS_NOTHING, SPAR_REPLICAS_UNKNOWN));
}

static void digests_depend_on_every_bit(void **state)
{
    unsigned char bytes[300] = {0};
    double plain = spar_replicas_digest(bytes, sizeof(bytes));

    (void)state;
    assert_true(plain == spar_replicas_digest(bytes, sizeof(bytes)));
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        double digest;

        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        digest = spar_replicas_digest(bytes, sizeof(bytes));
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_true(digest != plain && digest >= 1 && digest <= 0x1p52);
        assert_true(digest == (double)(uint64_t)digest);
    }
}

static void expect(const double *numbers, size_t ranks, bool digests,
                   const char *expected)
{
    char text[400];

    spar_replicas_describe(numbers, ranks, digests, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void who_differs_is_named(void **state)
{
    static const double densities[] = {0.5, 0.25, 0.5};
    static const double digests[] = {0xabcp40, 0xabcp40, SPAR_REPLICAS_NOTHING};

    (void)state;
    expect(densities, 3, false, "0.5 on ranks 0, 2; 0.25 on rank 1");
    expect(digests, 3, true, "abc0000000000 on ranks 0, 1; none on rank 2");
}

static void long_lists_are_cut(void **state)
{
    double numbers[RANKS] = {0};
    char text[400];

    (void)state;
    numbers[3] = 7;
    expect(numbers, RANKS, false,
           "0 on ranks 0, 1, 2, 4, 5, 6, 7, 8 and 11 more; 7 on rank 3");
    for (int i = 0; i < RANKS; i++) {
        numbers[i] = i;
    }
    expect(numbers, RANKS, false,
           "0 on rank 0; 1 on rank 1; 2 on rank 2; 3 on rank 3; 4 on rank 4; "
           "5 on rank 5; and others");
    memset(text, 'x', sizeof(text));
    spar_replicas_describe(numbers, RANKS, false, text, 20);
    assert_string_equal(text, "0 on rank 0; 1 on r");
    assert_int_equal(text[20], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_numbers_do_not_differ),
        cmocka_unit_test(the_last_bit_counts_on_any_rank),
        cmocka_unit_test(what_one_rank_does_not_know_is_not_compared),
        cmocka_unit_test(digests_depend_on_every_bit),
        cmocka_unit_test(who_differs_is_named),
        cmocka_unit_test(long_lists_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
