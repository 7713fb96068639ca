#include "unit.h"

#include "policy/sequence.h"

#define REPEATS 8

static void call(spar_sequence_t *sequence, uint64_t count)
{
    spar_sequence_call_t what = {.dtype = SPAR_DTYPE_F32, .count = count};
    spar_sequence_place_t place = spar_sequence_begin(sequence, &what);

    if (place.proposal > 0) {
        (void)spar_sequence_adopt(sequence, place.proposal, 0);
    }
}

/* As a buffer does that is filled with whatever is ready: no two steps have
 * the same sizes. */
static void changing_sizes_are_counted(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
    spar_sequence_look_t look;

    (void)state;
    for (int i = 0; i < 93; i++) {
        call(sequence, 5000 + (uint64_t)(i * i) % 57);
    }
    look = spar_sequence_look(sequence);
    assert_int_equal(look.calls, 93);
    assert_int_equal(look.recent, 93);
    assert_int_equal(look.sizes, 20); /* squares modulo 57 = 3 * 19 */
    spar_sequence_destroy(sequence);
}

static void only_remembered_calls_count(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
    spar_sequence_look_t look;

    (void)state;
    for (int i = 0; i < 3 * SPAR_SEQUENCE_HISTORY; i++) {
        call(sequence, 5000 + (uint64_t)i);
    }
    look = spar_sequence_look(sequence);
    assert_int_equal(look.calls, 3 * SPAR_SEQUENCE_HISTORY);
    assert_int_equal(look.recent, SPAR_SEQUENCE_HISTORY);
    assert_int_equal(look.sizes, SPAR_SEQUENCE_HISTORY);
    assert_false(look.repeats);
    spar_sequence_destroy(sequence);
}

static void steps_that_were_too_few_repeat(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
    spar_sequence_look_t look;

    (void)state;
    for (int i = 0; i < 5 * 10; i++) {
        call(sequence, 5000 + (uint64_t)i % 10);
    }
    look = spar_sequence_look(sequence);
    assert_int_equal(look.sizes, 10);
    assert_true(look.repeats);
    spar_sequence_destroy(sequence);
}

static void a_part_of_a_unit_is_no_repeat(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);

    (void)state;
    for (int i = 0; i < 40 + 39; i++) {
        call(sequence, 5000 + (uint64_t)i % 40);
    }
    assert_false(spar_sequence_look(sequence).repeats);
    call(sequence, 5039);
    assert_true(spar_sequence_look(sequence).repeats);
    spar_sequence_destroy(sequence);
}

static void a_known_sequence_is_left_alone(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
    spar_sequence_look_t look;

    (void)state;
    for (int i = 0; i < 100; i++) {
        call(sequence, 5000 + (uint64_t)i % 3);
    }
    assert_int_equal(sequence->state, SPAR_SEQUENCE_KNOWN);
    look = spar_sequence_look(sequence);
    assert_int_equal(look.calls, 0);
    assert_int_equal(look.recent, 0);
    assert_int_equal(look.sizes, 0);
    assert_false(look.repeats);
    spar_sequence_destroy(sequence);
}

static void what_is_learnt_again_counts_anew(void **state)
{
    spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
    spar_sequence_look_t look;
    uint64_t learnt;

    (void)state;
    for (int i = 0; i < 100; i++) {
        call(sequence, 5000);
    }
    learnt = sequence->calls;
    for (int i = 0; i < 20; i++) {
        call(sequence, 6000 + (uint64_t)i);
    }
    look = spar_sequence_look(sequence);
    assert_in_range(look.recent, 10, 20);
    assert_int_equal(look.sizes, look.recent);
    assert_int_equal(look.calls, learnt + look.recent);
    spar_sequence_destroy(sequence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changing_sizes_are_counted),
        cmocka_unit_test(only_remembered_calls_count),
        cmocka_unit_test(steps_that_were_too_few_repeat),
        cmocka_unit_test(a_part_of_a_unit_is_no_repeat),
        cmocka_unit_test(a_known_sequence_is_left_alone),
        cmocka_unit_test(what_is_learnt_again_counts_anew)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
