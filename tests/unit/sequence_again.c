/* A step that was lost and comes again. */
#include "unit.h"

#include "policy/sequence.h"

#include <stdbool.h>

#define REPEATS 9

/* A trainer as the sequence sees it. */
typedef struct trainer {
    spar_sequence_t *sequence;
    double now;
    spar_sequence_place_t place; /* of the latest call */
    unsigned adoptions;
} trainer_t;

static void start(trainer_t *trainer)
{
    *trainer = (trainer_t){.now = 1};
    trainer->sequence = spar_sequence_create(REPEATS, 0);
    assert_non_null(trainer->sequence);
}

static uint64_t fresh_address(void)
{
    static uint64_t next = 1 << 24;

    return next += 65536;
}

/* A call after `pause` seconds of computation that takes 1 ms. */
static void call_from(trainer_t *trainer, uint64_t count, uint64_t input,
                      uint64_t address, double pause)
{
    spar_sequence_call_t what = {.dtype = SPAR_DTYPE_F32,
                                 .count = count,
                                 .input = input,
                                 .address = address,
                                 .begin = trainer->now += pause};
    uint64_t ticket;

    trainer->place = spar_sequence_begin(trainer->sequence, &what);
    ticket = trainer->place.ticket;
    if (trainer->place.proposal > 0) {
        size_t first;
        size_t period = spar_sequence_judge_again(
            trainer->sequence, trainer->place.proposal, &first);

        trainer->place = spar_sequence_adopt(trainer->sequence, period, first);
        trainer->adoptions++;
    }
    trainer->now += 1e-3;
    spar_sequence_end(trainer->sequence, ticket, trainer->now, 1e-3);
}

/* In place. Address 0: that of a new buffer. */
static void call(trainer_t *trainer, uint64_t count, uint64_t address,
                 double pause)
{
    uint64_t buffer = address > 0 ? address : fresh_address();

    call_from(trainer, count, buffer, buffer, pause);
}

/* Calls that belong to no step, until that one is lost. */
static void evaluate(trainer_t *trainer)
{
    for (uint64_t i = 0; trainer->sequence->state == SPAR_SEQUENCE_KNOWN; i++) {
        call(trainer, 400000 + i, 0, 1e-3);
    }
    assert_true(trainer->place.lost);
}

/* Five layers; the computation is in front of the one `late`, and takes
 * `longer` in every second step. */
static void train(trainer_t *trainer, uint64_t late, double longer)
{
    for (int step = 0; step < 24; step++) {
        for (uint64_t layer = 0; layer < 5; layer++) {
            call(trainer, 5000 + layer, 0,
                 layer != late   ? 1e-3
                 : step % 2 == 0 ? 0.02
                                 : 0.02 * longer);
        }
    }
}

static void a_known_step_is_not_judged_again(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    train(&trainer, 0, 1);
    assert_int_equal(trainer.sequence->period, 5);
    evaluate(&trainer);
    /* A busy machine: by its pauses the step has ten calls. */
    train(&trainer, 2, 10);
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(trainer.sequence->slots[i].count, 5000 + i);
    }
    call(&trainer, 5000, 0, 1e-3);
    assert_int_equal(trainer.place.slot, 0);
    assert_true(trainer.place.step_begins);
    spar_sequence_destroy(trainer.sequence);
}

/* Before any was known, the pauses are all there is. */
static void a_first_step_is_judged(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    train(&trainer, 0, 10);
    assert_int_equal(trainer.sequence->period, 10);
    spar_sequence_destroy(trainer.sequence);
}

/* Also where only pauses had told its layers apart, and do no more. */
static void equal_layers_stay_apart(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (int i = 0; i < 60; i++) {
        call(&trainer, 7000, 0, i % 3 == 1 ? 0.02 : 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 3);
    evaluate(&trainer);
    for (int i = 0; i < 60; i++) {
        /* not enough of a pause to be judged by, but enough for a begin */
        call(&trainer, 7000, 0, i % 3 == 2 ? 1.5e-3 : 1e-3);
    }
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 3);
    call(&trainer, 7000, 0, 1e-3);
    call(&trainer, 7000, 0, 1e-3);
    assert_int_equal(trainer.place.slot, 2);
    call(&trainer, 7000, 0, 1.5e-3);
    assert_int_equal(trainer.place.slot, 0);
    spar_sequence_destroy(trainer.sequence);
}

static void another_model_with_such_layers_is_judged(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (uint64_t i = 0; i < 60; i++) {
        call(&trainer, 7000, 65536 * (1 + i % 2), 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 2);
    evaluate(&trainer);
    for (uint64_t i = 0; i < 60; i++) {
        call(&trainer, 7000, 65536 * (1 + i % 3), 1e-3);
    }
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 3);
    spar_sequence_destroy(trainer.sequence);
}

/* Also where only the buffers that are read tell them apart. */
static void another_model_with_new_results_is_judged(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (uint64_t i = 0; i < 60; i++) {
        call_from(&trainer, 7000, 65536 * (1 + i % 2), fresh_address(), 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 2);
    evaluate(&trainer);
    for (uint64_t i = 0; i < 60; i++) {
        call_from(&trainer, 7000, 65536 * (1 + i % 3), fresh_address(), 1e-3);
    }
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 3);
    spar_sequence_destroy(trainer.sequence);
}

/* Three buffers in turn, of which too little was seen at first. */
static void buffers_in_turn_are_no_other_step(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (uint64_t step = 0; step < 60; step++) {
        for (uint64_t layer = 0; layer < 4; layer++) {
            call(&trainer, 5000 + layer, 65536 * (1 + layer + 4 * (step % 3)),
                 1e-3);
        }
        if (step == 12) {
            assert_int_equal(trainer.sequence->period, 4);
            evaluate(&trainer);
        }
    }
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 4);
    spar_sequence_destroy(trainer.sequence);
}

/* Half as many calls as the lost step had, but others. */
static void another_step_is_judged(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    train(&trainer, 0, 10);
    assert_int_equal(trainer.sequence->period, 10);
    for (uint64_t i = 0; i < 240; i++) {
        call(&trainer, 6000 + i % 5, 0, 1e-3);
    }
    assert_int_equal(trainer.adoptions, 2);
    assert_int_equal(trainer.sequence->period, 5);
    spar_sequence_destroy(trainer.sequence);
}

/* Layer 0 has its buffer from the second step on, the other one does not. */
static void buffers_that_move_are_told(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (int step = 0; trainer.adoptions == 0; step++) {
        call(&trainer, 5000, step == 0 ? 4096 : 8192, 0.02);
        call(&trainer, 6000, 4096 * (3 + (uint64_t)(step * step) % 5), 1e-3);
    }
    assert_int_equal(trainer.sequence->slots[0].count, 5000);
    assert_false(spar_sequence_has_moved(trainer.sequence, 0));
    assert_true(spar_sequence_has_moved(trainer.sequence, 1));
    spar_sequence_destroy(trainer.sequence);
}

static void steps_of_fewer_or_other_layers_are_judged(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer);
    for (uint64_t i = 0; i < 80; i++) {
        call(&trainer, 7000, 65536 * (1 + i % 4), 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 4);
    evaluate(&trainer);
    for (uint64_t i = 0; i < 80; i++) { /* two of them are frozen */
        call(&trainer, 7000, 65536 * (1 + i % 2), 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 2);
    spar_sequence_destroy(trainer.sequence);
    start(&trainer);
    for (uint64_t i = 0; i < 80; i++) {
        call(&trainer, 7000, 0, i % 4 == 0 ? 0.02 : 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 4);
    evaluate(&trainer);
    for (uint64_t i = 0; i < 120; i++) {
        call(&trainer, 7000, 0, i % 6 == 0 ? 0.02 : 1e-3);
    }
    assert_int_equal(trainer.sequence->period, 6);
    spar_sequence_destroy(trainer.sequence);
}

/* Residuals go to the calls that had their turn, and to no others of their
 * sizes. */
static void a_repeated_part_of_a_step_is_none_of_it(void **state)
{
    static const uint64_t layers[] = {0, 1, 2, 1, 2, 3, 4, 0};
    static const int slots[] = {0, 1, 2, -1, -1, 3, 4, 0};
    trainer_t trainer;

    (void)state;
    start(&trainer);
    train(&trainer, 0, 1);
    assert_int_equal(trainer.sequence->period, 5);
    for (int i = 0; i < 8; i++) {
        call(&trainer, 5000 + layers[i], 0, 1e-3);
        assert_int_equal(trainer.place.slot, slots[i]);
    }
    spar_sequence_destroy(trainer.sequence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_step_is_not_judged_again),
        cmocka_unit_test(a_first_step_is_judged),
        cmocka_unit_test(equal_layers_stay_apart),
        cmocka_unit_test(another_model_with_such_layers_is_judged),
        cmocka_unit_test(another_model_with_new_results_is_judged),
        cmocka_unit_test(buffers_in_turn_are_no_other_step),
        cmocka_unit_test(another_step_is_judged),
        cmocka_unit_test(buffers_that_move_are_told),
        cmocka_unit_test(steps_of_fewer_or_other_layers_are_judged),
        cmocka_unit_test(a_repeated_part_of_a_step_is_none_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
