/*
 * Selection on a GPU and on the host: one set of inputs, from which both must
 * give the same entries, remember the same, and leave the same residual, to the
 * last bit. Runs with the emulated devices, and on a real one.
 */
#include "tests/unit/cuda_cases.h"

#include <stdio.h>

#ifdef SPAR_TEST_EMULATED
#include "tests/cuda/emulated/emulated.h"
#endif

/* One layer, again and again. */
#define STEADY 5000
typedef struct steady {
    float host[STEADY];
    void *gradient;
    int device;
    spar_cuda_layer_t *layer;
    spar_selector_t selector;
    spar_selection_t selection;
} steady_t;

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

static const spar_dtype_t elements[] = {SPAR_DTYPE_F32, SPAR_DTYPE_F64,
                                        SPAR_DTYPE_F16, SPAR_DTYPE_BF16};

static void all_shapes(void **state)
{
    static const size_t counts[] = {33, 1, 4097};

    (void)state;
    for (size_t e = 0; e < EACH(elements); e++) {
        for (int shape = 0; shape < DATA_SHAPES; shape++) {
            /* Of what kernels share, 16 bits need not try all. */
            for (size_t c = 0; c < (e < 2 ? EACH(counts) : 1); c++) {
                const size_t n = counts[c];
                const case_t all = {.kind = SPAR_SELECT_NONZERO,
                                    .element = elements[e],
                                    .n = n,
                                    .k = 1,
                                    .shape = (data_shape_t)shape,
                                    .calls = 1};

                case_check(&all);
                for (int kind = SPAR_SELECT_EXACT; kind <= SPAR_SELECT_TOPK;
                     kind++) {
                    /* All of them where it costs little. */
                    const size_t ks[] = {1, (n + 3) / 4, n};

                    for (size_t i = n == 33 ? 0 : 1; i < (n == 33 ? 3u : 2u);
                         i++) {
                        case_t one = all;

                        one.kind = (spar_selector_kind_t)kind;
                        one.k = ks[i];
                        one.calls = kind == SPAR_SELECT_TOPK ? 1 : 2;
                        case_check(&one);
                    }
                }
            }
        }
    }
}

/* Around warps, blocks of threads and tiles, and from any address. */
static void all_counts_and_places(void **state)
{
    static const size_t counts[] = {2, 31, 32, 255, 256, 257, 4095, 4096, 8193};

    (void)state;
    for (size_t c = 0; c < EACH(counts); c++) {
        for (size_t e = 0; e < EACH(elements); e++) {
            for (int kind = SPAR_SELECT_EXACT; kind <= SPAR_SELECT_NONZERO;
                 kind++) {
                const case_t one = {.kind = (spar_selector_kind_t)kind,
                                    .element = elements[e],
                                    .n = counts[c],
                                    .k = (counts[c] + 6) / 7,
                                    .shape = DATA_NORMAL,
                                    .feedback = true,
                                    .shift = 1 + c % 7,
                                    .calls = 2};

                case_check(&one);
            }
        }
    }
}

/* The memory of `exact` over steps: guesses that are good, too low, too high by
 * 1000, candidates by the thousand. */
static void feedback_over_steps(void **state)
{
    (void)state;
    for (size_t e = 0; e < EACH(elements); e++) {
        const case_t few = {.kind = SPAR_SELECT_EXACT,
                            .element = elements[e],
                            .n = 20011,
                            .k = 20,
                            .shape = DATA_NORMAL,
                            .feedback = true,
                            .jump = 4,
                            .by = 1000.0,
                            .calls = 8};
        case_t many = few;

        many.k = 2000;
        many.shape = DATA_HEAVY;
        case_check(&few);
        case_check(&many);
        many.kind = SPAR_SELECT_GAUSSIAN;
        many.calls = 5;
        case_check(&many);
    }
}

/* Which take far fewer bits than as many that lie evenly. */
static void entries_in_a_cluster(void **state)
{
    static const size_t sizes[] = {30, 300, 3000};

    (void)state;
    for (size_t i = 0; i < EACH(sizes); i++) {
        const case_t one = {.kind = SPAR_SELECT_NONZERO,
                            .element = SPAR_DTYPE_F32,
                            .n = 30000,
                            .k = 1,
                            .shape = DATA_NORMAL,
                            .only = sizes[i],
                            .calls = 1};

        case_check(&one);
    }
}

/* All within reach of the buckets, but more than there is room for. */
static void too_many_candidates(void **state)
{
    (void)state;
    for (size_t e = 0; e < EACH(elements); e++) {
        const case_t one = {.kind = SPAR_SELECT_EXACT,
                            .element = elements[e],
                            .n = 20000,
                            .k = 20,
                            .shape = DATA_RISING,
                            .jump = 1,
                            .by = 2.0,
                            .calls = 3};

        case_check(&one);
    }
}

/* The density changes from call to call. */
static void k_rises_and_falls(void **state)
{
    const case_t one = {.kind = SPAR_SELECT_EXACT,
                        .element = SPAR_DTYPE_F32,
                        .n = 30000,
                        .k = 300,
                        .shape = DATA_NORMAL,
                        .feedback = true,
                        .ramp = true,
                        .calls = 10};

    (void)state;
    case_check(&one);
}

/* So many that kernels of their own look for the k-th of the candidates. */
static void many_candidates(void **state)
{
    const case_t one = {.kind = SPAR_SELECT_EXACT,
                        .element = SPAR_DTYPE_F32,
                        .n = 70000,
                        .k = 33000,
                        .shape = DATA_NORMAL,
                        .feedback = true,
                        .calls = 2};
    case_t other = one;

    (void)state;
    case_check(&one);
    other.element = SPAR_DTYPE_F64;
    case_check(&other);
    other.shape = DATA_FEW;
    case_check(&other);
}

/* Also where only the sum of gradient and residual is. */
static void nonfinite_changes_nothing(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, DBL_MAX};
    static const size_t places[] = {0, 4096, 4999};

    (void)state;
    for (size_t e = 0; e < EACH(elements); e++) {
        for (int kind = SPAR_SELECT_EXACT; kind <= SPAR_SELECT_NONZERO;
             kind++) {
            for (size_t b = e % 2; b < EACH(bad); b += 2) {
                const case_t one = {.kind = (spar_selector_kind_t)kind,
                                    .element = elements[e],
                                    .n = 5000,
                                    .k = 10,
                                    .shape = DATA_NORMAL,
                                    .feedback = true,
                                    .bad = bad[b],
                                    .place = places[b % 3],
                                    .calls = 3 + (e == 0)};

                case_check(&one);
            }
        }
    }
}

/* More than one block rounds, and the host codes. */
static void many_values_are_rounded_alike(void **state)
{
    const case_t one = {.kind = SPAR_SELECT_TOPK,
                        .element = SPAR_DTYPE_F32,
                        .n = 70000,
                        .k = 66000,
                        .shape = DATA_NORMAL,
                        .values = SPAR_VALUES_FP16,
                        .seed = 5,
                        .calls = 1};
    case_t few = one;

    (void)state;
    case_check(&one);
    /* There turn out to be few. */
    few.only = 3000;
    case_check(&few);
}

static void values_are_rounded_alike(void **state)
{
    static const spar_values_t values[] = {SPAR_VALUES_BF16, SPAR_VALUES_FP16,
                                           SPAR_VALUES_INT8};

    (void)state;
    for (size_t v = 0; v < EACH(values); v++) {
        for (int shape = 0; shape < DATA_SHAPES; shape++) {
            for (uint64_t seed = 0; seed < 2; seed++) {
                const case_t one = {.kind = SPAR_SELECT_EXACT,
                                    .element = SPAR_DTYPE_F32,
                                    .n = 4000,
                                    .k = 700,
                                    .shape = (data_shape_t)shape,
                                    .values = values[v],
                                    .seed = 77 * seed,
                                    .feedback = shape != DATA_HUGE,
                                    .calls = 2};

                case_check(&one);
            }
        }
    }
}

/* A layer whose guess is good: calls like this one come by the million. */
static void steady_layer_open(steady_t *steady)
{
    const spar_cuda_size_t size = {.select = SPAR_SELECT_EXACT,
                                   .element = SPAR_DTYPE_F32,
                                   .dtype = SPAR_DTYPE_F32,
                                   .count = STEADY};

    data_fill_f32(steady->host, STEADY, DATA_NORMAL, 3);
    assert_int_equal(
        cudaMalloc((void **)&steady->gradient, sizeof(steady->host)),
        cudaSuccess);
    assert_int_equal(spar_cuda_ops.locate(steady->gradient, &steady->device),
                     SPAR_CUDA_DEVICE);
    assert_int_equal(spar_cuda_ops.to_device(steady->device, steady->gradient,
                                             steady->host,
                                             sizeof(steady->host)),
                     SPAR_OK);
    assert_int_equal(
        spar_cuda_ops.create(steady->device, &size, &steady->layer), SPAR_OK);
    spar_selection_init(&steady->selection);
    spar_selector_init(&steady->selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32,
                       STEADY);
}

static void steady_layer_close(steady_t *steady)
{
    spar_cuda_ops.destroy(steady->layer);
    spar_selection_cleanup(&steady->selection);
    cudaFree(steady->gradient);
}

static spar_status_t steady_select(steady_t *steady)
{
    return spar_cuda_ops.select(steady->layer, &steady->selector,
                                steady->gradient, 50, 0, &steady->selection);
}

static void steady_state_takes_two_kernels(void **state)
{
    steady_t steady;
    uint64_t before;

    (void)state;
    steady_layer_open(&steady);
    assert_int_equal(steady_select(&steady), SPAR_OK);
    before = spar_cuda_ops.launches();
    assert_int_equal(steady_select(&steady), SPAR_OK);
    assert_int_equal(spar_cuda_ops.launches() - before, 2);
    steady_layer_close(&steady);
}

#ifdef SPAR_TEST_EMULATED
static void steady_state_allocates_nothing(void **state)
{
    spar_emulated_counts_t before, after;
    steady_t steady;

    (void)state;
    steady_layer_open(&steady);
    assert_int_equal(steady_select(&steady), SPAR_OK);
    assert_int_equal(steady_select(&steady), SPAR_OK);
    spar_emulated_count(&before);
    assert_int_equal(steady_select(&steady), SPAR_OK);
    spar_emulated_count(&after);
    assert_int_equal(after.allocations, before.allocations);
    assert_int_equal(after.host_allocations, before.host_allocations);
    assert_int_equal(after.device_waits, before.device_waits);
    steady_layer_close(&steady);
}

/* Nothing is remembered of what failed, and the next call is as good as any. */
static void selects_after(const spar_emulated_fail_t *fail,
                          spar_status_t expected, int calls, bool *failed_p)
{
    spar_selection_t selection;
    spar_selector_t selector;
    spar_status_t status;
    steady_t steady;

    steady_layer_open(&steady);
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, STEADY);
    for (int call = 0; call < calls; call++) {
        assert_int_equal(steady_select(&steady), SPAR_OK);
        assert_int_equal(
            spar_selector_run(&selector, steady.host, NULL, 50, &selection),
            SPAR_OK);
    }
    spar_emulated_fail(fail);
    status = steady_select(&steady);
    spar_emulated_fail(NULL);
    *failed_p = status != SPAR_OK;
    if (*failed_p) {
        assert_int_equal(status, expected);
        assert_true(steady.selector.threshold == selector.threshold);
        assert_true(steady.selector.gap == selector.gap);
        assert_null(spar_cuda_ops.encoded(steady.layer));
        assert_int_equal(steady_select(&steady), SPAR_OK);
    }
    assert_int_equal(
        spar_selector_run(&selector, steady.host, NULL, 50, &selection),
        SPAR_OK);
    assert_int_equal(steady.selection.count, selection.count);
    assert_memory_equal(steady.selection.indices, selection.indices,
                        selection.count * sizeof(uint32_t));
    assert_true(steady.selector.gap == selector.gap);
    spar_selection_cleanup(&selection);
    steady_layer_close(&steady);
}

static void errors_change_nothing(void **state)
{
    (void)state;
    for (int calls = 0; calls < 2; calls++) {
        bool failed = true;

        for (uint64_t i = 0; failed; i++) {
            const spar_emulated_fail_t fail = {
                .allocations = i, .launches = UINT64_MAX, .lost = UINT64_MAX};

            selects_after(&fail, SPAR_ERR_NO_MEMORY, calls, &failed);
        }
        failed = true;
        for (uint64_t i = 0; failed; i++) {
            const spar_emulated_fail_t fail = {
                .allocations = UINT64_MAX, .launches = i, .lost = UINT64_MAX};

            selects_after(&fail, SPAR_ERR_IO, calls, &failed);
        }
    }
}
#endif

static void wrong_arguments_are_refused(void **state)
{
    const spar_cuda_size_t size = {.select = SPAR_SELECT_EXACT,
                                   .element = SPAR_DTYPE_F32,
                                   .dtype = SPAR_DTYPE_F32,
                                   .count = 100};
    spar_selector_t selector, before;
    spar_selection_t selection;
    spar_cuda_layer_t *layer;
    char *gradient;
    int device;

    (void)state;
    assert_int_equal(cudaMalloc((void **)&gradient, 404), cudaSuccess);
    assert_int_equal(spar_cuda_ops.locate(gradient, &device), SPAR_CUDA_DEVICE);
    assert_int_equal(spar_cuda_ops.create(device, &size, &layer), SPAR_OK);
    spar_selection_init(&selection);
    spar_selector_init(&selector, SPAR_SELECT_EXACT, SPAR_DTYPE_F32, 100);
    before = selector;
    assert_int_equal(
        spar_cuda_ops.select(layer, &selector, gradient, 0, 0, &selection),
        SPAR_ERR_INVALID);
    assert_int_equal(
        spar_cuda_ops.select(layer, &selector, gradient, 101, 0, &selection),
        SPAR_ERR_INVALID);
    /* No float can begin there. */
    assert_int_equal(
        spar_cuda_ops.select(layer, &selector, gradient + 2, 1, 0, &selection),
        SPAR_ERR_INVALID);
    selector.n = 99;
    assert_int_equal(
        spar_cuda_ops.select(layer, &selector, gradient, 1, 0, &selection),
        SPAR_ERR_INVALID);
    assert_true(selector.threshold == before.threshold);
    spar_cuda_ops.destroy(layer);
    spar_selection_cleanup(&selection);
    cudaFree(gradient);
}

#ifdef SPAR_TEST_EMULATED
/* All of them, when the device was opened */
static void kernels_are_loaded_before(void **state)
{
    spar_emulated_counts_t counts;

    (void)state;
    spar_emulated_count(&counts);
    assert_int_equal(counts.late_loads, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shapes),
        cmocka_unit_test(all_counts_and_places),
        cmocka_unit_test(feedback_over_steps),
        cmocka_unit_test(entries_in_a_cluster),
        cmocka_unit_test(too_many_candidates),
        cmocka_unit_test(k_rises_and_falls),
        cmocka_unit_test(many_candidates),
        cmocka_unit_test(nonfinite_changes_nothing),
        cmocka_unit_test(values_are_rounded_alike),
        cmocka_unit_test(many_values_are_rounded_alike),
        cmocka_unit_test(steady_state_takes_two_kernels),
#ifdef SPAR_TEST_EMULATED
        cmocka_unit_test(steady_state_allocates_nothing),
        cmocka_unit_test(errors_change_nothing),
        cmocka_unit_test(kernels_are_loaded_before),
#endif
        cmocka_unit_test(wrong_arguments_are_refused),
    };
    int devices = 0;

    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        printf("skipped: there is no CUDA device here\n");
        return 77;
    }
    if (getenv("SPAR_TEST_DEVICE") != NULL) {
        return 0; /* there is one: sanitized.sh */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
