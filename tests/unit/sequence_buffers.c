/* What the memory of equal calls tells: layers, one buffer in turn, or too
 * little yet. */
#include "sequence_trainer.h"

#include <stdlib.h>

/* A small sum behind this call. */
static void log_metric(trainer_t *trainer)
{
    trainer->marker = spar_sequence_mark(trainer->marker, SPAR_DTYPE_F32, 2);
}

/* A page of memory for a layer, of some that are free again. */
static uint64_t page(uint64_t number)
{
    return (1 + number) << 24;
}

static bool is_shared(const trainer_t *trainer, size_t slot)
{
    bool shared[SPAR_SEQUENCE_MAX_PERIOD];

    spar_sequence_find_shared(trainer->sequence, shared);
    return shared[slot];
}

static size_t count_shared(const trainer_t *trainer)
{
    size_t count = 0;

    for (size_t slot = 0; slot < trainer->period; slot++) {
        count += is_shared(trainer, slot);
    }
    return count;
}

/* A metric every few steps of `layers` layers, at most 6, `equal` of one size,
 * whose gradients are always in the same memory, or in pages that are taken
 * anew in each step. */
static void run_with_metric(trainer_t *trainer, int every, int layers,
                            int equal, bool fresh)
{
    start(trainer, 0);
    for (int step = 0; step < 400 && !known(trainer); step++) {
        int stride = fresh ? 1 + rand() % 6 : 1;
        int from = fresh ? rand() % 7 : 0;

        for (int layer = 0; layer < layers; layer++) {
            call(trainer, layer < equal ? 5000 : 5000 + 10 * (uint64_t)layer,
                 page((uint64_t)(from + stride * layer) % 7),
                 layer == 0 ? 0.01 : 0.001);
        }
        if (step % every == 0) {
            log_metric(trainer);
        }
    }
    stop(trainer);
}

static void a_metric_now_and_then_does_not_lengthen_the_step(void **state)
{
    trainer_t trainer;

    (void)state;
    srand(1);
    for (int every = 2; every < 6; every++) {
        for (int fresh = 0; fresh < 2; fresh++) {
            run_with_metric(&trainer, every, 5, 2, fresh);
            assert_int_equal(trainer.period, 5);
            run_with_metric(&trainer, every, 3, 3, fresh);
            assert_int_equal(trainer.period, 3);
        }
        run_with_metric(&trainer, every, 1, 1, false);
        assert_int_equal(trainer.period, 1);
    }
}

/* The small sum tells that four calls are a step, and so do the pauses. */
static void a_step_through_one_buffer_is_no_call(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 400 && !known(&trainer); i++) {
        call(&trainer, 5000, page(0), i % 4 == 0 ? 0.02 : 0.001);
        if (i % 4 == 3) {
            log_metric(&trainer);
        }
    }
    assert_int_equal(trainer.period, 4);
    assert_int_equal(count_shared(&trainer), 4);
    stop(&trainer);
}

/* One buffer is summed, into a new array while the one before is in use. */
static void new_results_each_time_are_no_layers(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; i < 100 && !known(&trainer); i++) {
        call_between(&trainer, 5000, page(0), page(1 + (uint64_t)i % 2), 0.01);
    }
    assert_int_equal(trainer.period, 1);
    assert_int_equal(count_shared(&trainer), 0);
    stop(&trainer);
}

/* Twelve blocks, all there until the step is over; what was given back is taken
 * again in another order. Without a pause, so that the step may be taken to
 * begin anywhere. */
static void blocks_in_memory_at_the_same_time_are_layers(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int step = 0; step < 100; step++) {
        call(&trainer, 90000, page(99), 0.001);
        for (uint64_t block = 0; block < 12; block++) {
            call(&trainer, 7000, page((5 * block + 7 * (uint64_t)step) % 13),
                 0.001);
        }
    }
    assert_int_equal(trainer.period, 13);
    assert_int_equal(count_shared(&trainer), 0);
    stop(&trainer);
}

/* Twelve equal layers are two steps of 24 calls that equal each other. */
static void layers_of_which_too_little_was_seen_are_fresh(void **state)
{
    trainer_t trainer;

    (void)state;
    start(&trainer, 0);
    for (int i = 0; !known(&trainer); i++) {
        call(&trainer, 7000, page((uint64_t)(i % 12 * 5 + i / 12) % 12),
             i % 12 == 0 ? 0.01 : 0.001);
    }
    assert_int_equal(trainer.period, 1);
    assert_true(spar_sequence_is_fresh(trainer.sequence));
    stop(&trainer);
    start(&trainer, 1); /* the user says that it is one layer */
    for (int i = 0; !known(&trainer); i++) {
        call(&trainer, 7000, fresh_address(), i % 12 == 0 ? 0.01 : 0.001);
    }
    assert_false(spar_sequence_is_fresh(trainer.sequence));
    stop(&trainer);
}

/* One layer, in memory that is given back some steps later; without a pause
 * that is longer than others, whenever that is. */
static void memory_that_returns_is_not_fresh(void **state)
{
    (void)state;
    for (int kept = 1; kept < 9; kept++) {
        trainer_t trainer;

        start(&trainer, 0);
        for (int step = 0; !known(&trainer); step++) {
            bool slow = kept < 4 && step % 7 == 6;

            call(&trainer, 7000,
                 page((uint64_t)(step % kept)) + (uint64_t)rand() % 512,
                 slow ? 0.1 : 0.01);
        }
        assert_int_equal(trainer.period, 1);
        assert_false(spar_sequence_is_fresh(trainer.sequence));
        stop(&trainer);
    }
}

/* Of a step, the gradients of two networks and three products of one, which are
 * read from one buffer or from some that are free again, into new ones. */
static void check_products(uint64_t pages)
{
    trainer_t trainer;

    start(&trainer, 0);
    for (uint64_t step = 0; step < 100; step++) {
        for (uint64_t i = 0; i < 4; i++) {
            call_between(&trainer, 5000, page((4 * step + i) % pages),
                         fresh_address(), i == 0 ? 0.02 : 0.001);
        }
        call(&trainer, 6000, page(99), 0.001);
    }
    assert_int_equal(trainer.period, 5);
    assert_int_equal(count_shared(&trainer), 4);
    for (size_t slot = 0; slot < 5; slot++) {
        assert_int_equal(is_shared(&trainer, slot),
                         trainer.sequence->slots[slot].count == 5000);
    }
    stop(&trainer);
}

static void products_in_turn_are_not_layers(void **state)
{
    (void)state;
    check_products(1);
    check_products(2);
    check_products(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_metric_now_and_then_does_not_lengthen_the_step),
        cmocka_unit_test(a_step_through_one_buffer_is_no_call),
        cmocka_unit_test(new_results_each_time_are_no_layers),
        cmocka_unit_test(blocks_in_memory_at_the_same_time_are_layers),
        cmocka_unit_test(layers_of_which_too_little_was_seen_are_fresh),
        cmocka_unit_test(memory_that_returns_is_not_fresh),
        cmocka_unit_test(products_in_turn_are_not_layers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
