/* Which calls are a step, and what becomes of a step that changes. */
#include "sequence_trainer.h"

#include <stdlib.h>

static void distinct_layers_are_learnt_after_the_repeats(void **state)
{
    trainer_t trainer;
    int steps = 0;

    (void)state;
    start(&trainer, 0);
    while (!known(&trainer) && steps < 100) {
        for (uint64_t layer = 0; layer < 10; layer++) {
            call(&trainer, 5000 + layer, fresh_address(),
                 layer == 0 ? 0.02 : 0.001);
        }
        steps++;
    }
    assert_int_equal(trainer.period, 10);
    /* The first step and the repeats. */
    assert_int_equal(steps, REPEATS + 1);
    /* The long pause is before layer 0: there the step begins. */
    for (int step = 0; step < 3; step++) {
        for (uint64_t layer = 0; layer < 10; layer++) {
            call(&trainer, 5000 + layer, fresh_address(), 0.001);
            assert_int_equal(trainer.place.slot, layer);
            assert_int_equal(trainer.place.step_begins, layer == 0);
        }
    }
    assert_true(spar_sequence_learnt_seconds(trainer.sequence, 3) > 0.9e-3);
    assert_true(spar_sequence_learnt_seconds(trainer.sequence, 3) < 1.1e-3);
    stop(&trainer);
}

static void one_flat_vector_is_a_step(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        /* uneven, but without a pattern */
        call(&trainer, 1000000, fresh_address(),
             0.02 * (1 + (i * 7919 % 13) / 20.0));
    }
    assert_int_equal(trainer.period, 1);
    call(&trainer, 1000000, fresh_address(), 0.02);
    assert_int_equal(trainer.place.slot, 0);
    assert_true(trainer.place.step_begins);
    stop(&trainer);
}

/* Two sets of buffers in turn: two models, or one with new buffers each time.
 */
static size_t period_with_alternating_buffers(bool only_steps)
{
    trainer_t trainer;
    size_t period;

    start(&trainer, 0);
    trainer.sequence->only_steps = only_steps;
    for (int step = 0; step < 60 && !known(&trainer); step++) {
        for (int layer = 0; layer < 3; layer++) {
            call(&trainer, 5000 + 1000 * (uint64_t)layer,
                 4096 * (uint64_t)(1 + layer + 8 * (step % 2)),
                 layer == 0 ? 0.1 : 0.001);
        }
    }
    period = trainer.period;
    stop(&trainer);
    return period;
}

static void alternating_buffers_are_layers_unless_only_steps_count(void **state)
{
    (void)state;
    assert_int_equal(period_with_alternating_buffers(false), 6);
    assert_int_equal(period_with_alternating_buffers(true), 3);
}

static void equal_layers_are_told_apart_by_their_addresses(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        call(&trainer, 65536, 4096 * (uint64_t)(1 + i % 3), 0.001);
    }
    assert_int_equal(trainer.period, 3);
    stop(&trainer);
}

static void equal_layers_are_told_apart_by_the_pauses(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        call(&trainer, 65536, fresh_address(), i % 4 == 0 ? 0.03 : 0.001);
    }
    assert_int_equal(trainer.period, 4);
    while (trainer.place.slot != 3) {
        call(&trainer, 65536, fresh_address(), 0.001);
    }
    stop(&trainer);
}

/* A longer pause every few steps (a log line, a loader) is not a step when the
 * buffer is the same one each time. */
static void a_rhythm_of_the_machine_is_not_a_step(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        call(&trainer, 65536, 4096, i % 4 == 0 ? 0.006 : 0.0015);
    }
    assert_int_equal(trainer.period, 1);
    stop(&trainer);
}

/* Equal layers through one staging buffer: only a clear pause tells. */
static void one_buffer_for_several_layers_needs_a_clear_pause(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        call(&trainer, 65536, 4096, i % 3 == 0 ? 0.03 : 0.001);
    }
    assert_int_equal(trainer.period, 3);
    stop(&trainer);
}

static void the_user_may_give_the_number_of_calls(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 5);
    for (int i = 0; i < 5 * (REPEATS + 1); i++) {
        assert_false(known(&trainer));
        call(&trainer, 65536, fresh_address(), 0.001);
    }
    assert_true(known(&trainer));
    assert_int_equal(trainer.period, 5);
    stop(&trainer);
}

static void small_calls_tell_steps_of_equal_layers_apart(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 200 && !known(&trainer); i++) {
        call(&trainer, 65536, fresh_address(), 0.001);
        trainer.marker = spar_sequence_mark(trainer.marker, SPAR_DTYPE_F32,
                                            i % 6 == 5 ? 10 : 256);
    }
    assert_int_equal(trainer.period, 6);
    stop(&trainer);
}

static void a_rebuilt_sequence_is_learnt_again(void **state)
{
    trainer_t trainer;
    bool lost = false;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 20; step++) {
        call(&trainer, 10000, 4096, 0.02);
        call(&trainer, 20000, 8192, 0.001);
    }
    assert_int_equal(trainer.period, 2);
    for (int step = 0; step < 20; step++) {
        call(&trainer, 30000, 4096, 0.02);
        lost |= trainer.place.lost;
        call(&trainer, 7000, 8192, 0.001);
        lost |= trainer.place.lost;
        call(&trainer, 9000, 9192, 0.001);
        lost |= trainer.place.lost;
    }
    assert_true(lost);
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.period, 3);
    stop(&trainer);
}

static void a_stranger_now_and_then_does_no_harm(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 200; step++) {
        call(&trainer, 10000, fresh_address(), 0.02);
        if (known(&trainer) && step > 20) {
            assert_int_equal(trainer.place.slot, 0);
        }
        if (step % 50 == 49) {
            call(&trainer, 12345, fresh_address(), 0.02); /* an evaluation */
            assert_int_equal(trainer.place.slot, -1);
        }
        call(&trainer, 20000, fresh_address(), 0.001);
    }
    assert_true(known(&trainer));
    assert_int_equal(trainer.adoptions, 1);
    stop(&trainer);
}

static void a_skipped_layer_does_not_shift_the_others(void **state)
{
    trainer_t trainer;
    int placed = 0;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 40; step++) {
        for (uint64_t layer = 0; layer < 5; layer++) {
            if (known(&trainer) && step % 4 == 0 && layer == 2) {
                continue;
            }
            call(&trainer, 10000 + layer, fresh_address(), 0.01);
            if (known(&trainer) && step > 20 && trainer.place.slot >= 0) {
                placed++;
                assert_int_equal(
                    trainer.sequence->slots[trainer.place.slot].count,
                    10000 + layer);
            }
        }
    }
    /* The call behind a skipped last one is left out. */
    assert_in_range(placed, 85, 90);
    assert_int_equal(trainer.adoptions, 1);
    stop(&trainer);
}

/* Nor does a layer that is new give the place of another one of its size. */
static void a_second_call_of_a_size_has_no_slot(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 20; step++) {
        for (uint64_t layer = 0; layer < 4; layer++) {
            call(&trainer, 10000 + layer, fresh_address(),
                 layer == 0 ? 0.1 : 1e-3);
        }
    }
    assert_int_equal(trainer.place.slot, 3);
    call(&trainer, 10000, fresh_address(), 0.1);
    call(&trainer, 10001, fresh_address(), 1e-3);
    call(&trainer, 10001, fresh_address(), 1e-3);
    assert_int_equal(trainer.place.slot, -1);
    call(&trainer, 10002, fresh_address(), 1e-3);
    assert_int_equal(trainer.place.slot, 2);
    call(&trainer, 10001, fresh_address(), 1e-3);
    call(&trainer, 10001, fresh_address(), 1e-3);
    call(&trainer, 10002, fresh_address(), 1e-3);
    assert_int_equal(trainer.place.slot, -1);
    /* The step ends here. */
    call(&trainer, 10000, fresh_address(), 0.1);
    assert_int_equal(trainer.place.slot, -1);
    assert_true(trainer.place.step_begins);
    call(&trainer, 10001, fresh_address(), 1e-3);
    assert_int_equal(trainer.place.slot, 1);
    stop(&trainer);
}

/* As in a transformer: more equal blocks in a step than repeats are asked for.
 */
static void equal_blocks_are_told_from_steps(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 100; step++) {
        call(&trainer, 90000, fresh_address(), 0.05);
        for (int block = 0; block < 12; block++) {
            call(&trainer, 7000, fresh_address(), 1e-3);
            call(&trainer, 8000, fresh_address(), 1e-3);
            call(&trainer, 9000, fresh_address(), 1e-3);
        }
        call(&trainer, 50000, fresh_address(), 1e-3);
    }
    assert_int_equal(trainer.period, 38);
    assert_true(trainer.adoptions <= 4);
    assert_int_equal(trainer.sequence->state, SPAR_SEQUENCE_KNOWN);
    assert_true(trainer.sequence->steps > 40);
    stop(&trainer);
}

static void changing_sizes_are_never_a_sequence(void **state)
{
    trainer_t trainer;
    uint64_t random = 1;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 5000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        call(&trainer, 5000 + (random >> 40) % 100000, 4096, 0.001);
        assert_int_equal(trainer.place.slot, -1);
    }
    stop(&trainer);
}

/* The decision when to propose must not depend on local hints. */
static void hints_do_not_move_the_proposal(void **state)
{
    size_t proposals[2] = {0, 0};

    (void)state;
    for (int rank = 0; rank < 2; rank++) {
        spar_sequence_t *sequence = spar_sequence_create(REPEATS, 0);
        size_t calls = 0;
        spar_sequence_place_t place;

        do {
            spar_sequence_call_t what = {
                .dtype = SPAR_DTYPE_F32,
                .count = 5000 + calls % 7,
                .address = rank ? fresh_address() : 4096,
                .begin = rank ? (double)rand() : (double)calls};

            place = spar_sequence_begin(sequence, &what);
            calls++;
        } while (place.proposal == 0 && calls < 1000);
        proposals[rank] = calls;
        assert_int_equal(place.proposal, 7);
        spar_sequence_destroy(sequence);
    }
    assert_int_equal(proposals[0], proposals[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_layers_are_learnt_after_the_repeats),
        cmocka_unit_test(one_flat_vector_is_a_step),
        cmocka_unit_test(
            alternating_buffers_are_layers_unless_only_steps_count),
        cmocka_unit_test(equal_layers_are_told_apart_by_their_addresses),
        cmocka_unit_test(equal_layers_are_told_apart_by_the_pauses),
        cmocka_unit_test(a_rhythm_of_the_machine_is_not_a_step),
        cmocka_unit_test(one_buffer_for_several_layers_needs_a_clear_pause),
        cmocka_unit_test(the_user_may_give_the_number_of_calls),
        cmocka_unit_test(small_calls_tell_steps_of_equal_layers_apart),
        cmocka_unit_test(a_rebuilt_sequence_is_learnt_again),
        cmocka_unit_test(a_stranger_now_and_then_does_no_harm),
        cmocka_unit_test(a_skipped_layer_does_not_shift_the_others),
        cmocka_unit_test(a_second_call_of_a_size_has_no_slot),
        cmocka_unit_test(equal_blocks_are_told_from_steps),
        cmocka_unit_test(changing_sizes_are_never_a_sequence),
        cmocka_unit_test(hints_do_not_move_the_proposal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
