/* Selection under error feedback, step after step. */
#include "tests/unit/select_data.h"

#include "sparsify/residual.h"
#include "sparsify/selector.h"

#define N     50000
#define K     50
#define STEPS 200

typedef struct run {
    spar_selector_t selector;
    spar_selection_t selection;
    float *residual;
    float *fresh; /* the next residual, from the selection; NULL: none */
    unsigned passes;
} run_t;

static void run_start(run_t *run, spar_selector_kind_t kind)
{
    spar_selector_init(&run->selector, kind, SPAR_DTYPE_F32, N);
    spar_selection_init(&run->selection);
    run->residual = data_alloc(N, sizeof(float));
    memset(run->residual, 0, N * sizeof(float));
    run->fresh = NULL;
    run->passes = 0;
}

static void step_in_one_sweep(run_t *run, const float *gradient, size_t k)
{
    float *residual = run->residual;

    assert_int_equal(spar_selector_run_sum(&run->selector, gradient, residual,
                                           k, &run->selection, run->fresh),
                     SPAR_OK);
    run->residual = run->fresh;
    run->fresh = residual;
}

static void step_in_two_sweeps(run_t *run, const float *gradient, size_t k)
{
    assert_int_equal(spar_selector_run(&run->selector, gradient, run->residual,
                                       k, &run->selection),
                     SPAR_OK);
    spar_residual_commit(SPAR_DTYPE_F32, run->residual, gradient, NULL, 0, N);
}

static void run_step(run_t *run, const float *gradient, size_t k)
{
    if (run->fresh != NULL) {
        step_in_one_sweep(run, gradient, k);
    } else {
        step_in_two_sweeps(run, gradient, k);
    }
    run->passes += run->selection.passes;
    spar_residual_settle(run->residual, &run->selection);
}

static void run_end(run_t *run)
{
    spar_selection_cleanup(&run->selection);
    free(run->residual);
    free(run->fresh);
}

/* Heavy-tailed gradients whose scale falls, jumps and falls again. */
static void gradient_make(float *gradient, int step)
{
    float scale = step == 120 ? 30.0f : 1.0f / (1.0f + (float)step);
    size_t i;

    data_fill_f32(gradient, N, step % 3 == 0 ? DATA_HEAVY : DATA_NORMAL,
                  (uint64_t)step);
    for (i = 0; i < N; i++) {
        gradient[i] *= scale;
    }
}

static void exact_equals_topk_at_every_step(void **state)
{
    float *gradient = data_alloc(N, sizeof(float));
    run_t exact, topk;
    int step;

    (void)state;
    run_start(&exact, SPAR_SELECT_EXACT);
    run_start(&topk, SPAR_SELECT_TOPK);
    for (step = 0; step < STEPS; step++) {
        size_t k = step < 20 ? 10 * K : K;

        gradient_make(gradient, step);
        run_step(&exact, gradient, k);
        run_step(&topk, gradient, k);
        assert_int_equal(exact.selection.count, k);
        assert_int_equal(topk.selection.count, k);
        assert_memory_equal(exact.selection.indices, topk.selection.indices,
                            k * sizeof(uint32_t));
        assert_memory_equal(exact.selection.values, topk.selection.values,
                            k * sizeof(float));
        assert_memory_equal(exact.residual, topk.residual, N * sizeof(float));
    }
    assert_int_equal(topk.passes, STEPS);
    run_end(&exact);
    run_end(&topk);
    free(gradient);
}

/* Also where a guess failed and all is swept again, and where the scratch was
 * pruned. */
static void one_sweep_leaves_what_two_do(void **state)
{
    float *gradient = data_alloc(N, sizeof(float));
    run_t one, two;
    int step;

    (void)state;
    run_start(&one, SPAR_SELECT_EXACT);
    run_start(&two, SPAR_SELECT_EXACT);
    one.fresh = data_alloc(N, sizeof(float));
    for (step = 0; step < STEPS; step++) {
        size_t k = step < 20 ? 10 * K : K;

        gradient_make(gradient, step);
        run_step(&one, gradient, k);
        run_step(&two, gradient, k);
        assert_int_equal(one.selection.count, two.selection.count);
        assert_memory_equal(one.selection.indices, two.selection.indices,
                            k * sizeof(uint32_t));
        assert_memory_equal(one.selection.values, two.selection.values,
                            k * sizeof(float));
        assert_memory_equal(one.residual, two.residual, N * sizeof(float));
    }
    assert_true(one.passes > STEPS);
    run_end(&one);
    run_end(&two);
    free(gradient);
}

/* The memory must pay: hardly ever a second sweep on steady gradients. */
static void exact_needs_about_one_sweep(void **state)
{
    float *gradient = data_alloc(N, sizeof(float));
    run_t exact;
    int step;

    (void)state;
    run_start(&exact, SPAR_SELECT_EXACT);
    for (step = 0; step < STEPS; step++) {
        data_fill_f32(gradient, N, DATA_NORMAL, (uint64_t)step);
        run_step(&exact, gradient, K);
    }
    assert_in_range(exact.passes, STEPS, STEPS + STEPS / 10);
    run_end(&exact);
    free(gradient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_equals_topk_at_every_step),
        cmocka_unit_test(one_sweep_leaves_what_two_do),
        cmocka_unit_test(exact_needs_about_one_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
