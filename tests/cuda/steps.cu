/*
 * Steps of a training with error feedback, on a device and beside it on the
 * host: selection, what it leaves, and the sum over ranks have the same bits in
 * every step. Once the first steps are over, a step launches at most four
 * kernels, and nothing is allocated on the device.
 */
#include "tests/cuda/unit.h"

extern "C" {
#include "base/half.h"
#include "sparsify/narrow.h"
#include "sparsify/residual.h"
}

#ifdef SPAR_TEST_EMULATED
#include "tests/cuda/loaded.h"
#endif

#define COUNT    12345u
#define K        60u
#define STEPS    8u
#define RANKS    3u
#define SETTLED  4u /* steps after which all room is there */
#define LAUNCHES 4u

static const spar_cuda_ops_t *ops;
static uint32_t random_state = 1;

/* About normal, so that a threshold has a neighbourhood. */
static float number(void)
{
    float sum = 0;

    for (int i = 0; i < 4; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        sum += (float)(random_state >> 8) * 0x1p-24f - 0.5f;
    }
    return sum;
}

/* A layer twice. */
typedef struct pair {
    spar_cuda_size_t size;
    spar_cuda_layer_t *layer;
    spar_selector_t selectors[2]; /* the device's, the host's */
    spar_selection_t selections[2];
    unsigned char *device; /* the application's buffer */
    unsigned char *buffer; /* the same on the host */
    void *wide;            /* gradient, then sum, in dtype */
    void *residual;
} pair_t;

static size_t width(const pair_t *pair)
{
    return spar_dtype_size(pair->size.dtype);
}

static void begin(spar_dtype_t element, spar_values_t values,
                  spar_selector_kind_t kind, pair_t *pair)
{
    int device = -1;

    memset(pair, 0, sizeof(*pair));
    pair->size.select = kind;
    pair->size.element = element;
    pair->size.dtype = spar_dtype_wide(element);
    pair->size.count = COUNT;
    pair->size.values = values;
    pair->size.feedback = true;
    pair->device = (unsigned char *)spar_cuda_put(NULL, COUNT * 8);
    pair->buffer = (unsigned char *)calloc(COUNT, 8);
    pair->wide = calloc(COUNT, 8);
    pair->residual = calloc(COUNT, 8);
    for (int i = 0; i < 2; i++) {
        spar_selector_init(&pair->selectors[i], kind, pair->size.dtype, COUNT);
        spar_selection_init(&pair->selections[i]);
    }
    assert_int_equal(ops->locate(pair->device, &device), SPAR_CUDA_DEVICE);
    assert_int_equal(ops->create(device, &pair->size, &pair->layer), SPAR_OK);
}

static void end(pair_t *pair)
{
    ops->destroy(pair->layer);
    spar_selection_cleanup(&pair->selections[0]);
    spar_selection_cleanup(&pair->selections[1]);
    spar_cuda_ok(cudaFree(pair->device));
    free(pair->buffer);
    free(pair->wide);
    free(pair->residual);
}

/* Another gradient, in the application's type on both sides. */
static void draw_gradient(pair_t *pair)
{
    spar_dtype_t element = pair->size.element;
    float *wide = (float *)pair->wide;

    for (uint32_t i = 0; i < COUNT; i++) {
        if (element == SPAR_DTYPE_F64) {
            ((double *)pair->wide)[i] = (double)number() / 3;
        } else {
            wide[i] = number();
        }
    }
    if (spar_dtype_is_16(element)) {
        spar_narrow_round(element, wide, pair->buffer, COUNT);
        spar_narrow_widen(element, pair->buffer, wide, COUNT);
    } else {
        memcpy(pair->buffer, pair->wide, COUNT * width(pair));
    }
    spar_cuda_ok(cudaMemcpy(pair->device, pair->buffer,
                            COUNT * spar_dtype_size(element),
                            cudaMemcpyHostToDevice));
}

static void select_on_both(pair_t *pair, uint64_t seed)
{
    spar_selection_t *device = &pair->selections[0];
    spar_selection_t *host = &pair->selections[1];

    assert_int_equal(ops->select(pair->layer, &pair->selectors[0], pair->device,
                                 K, seed, device),
                     SPAR_OK);
    assert_int_equal(spar_selector_run(&pair->selectors[1], pair->wide,
                                       pair->residual, K, host),
                     SPAR_OK);
    spar_selection_round(host, pair->size.values, seed);
    assert_int_equal(device->count, host->count);
    assert_memory_equal(device->indices, host->indices,
                        host->count * sizeof(uint32_t));
    assert_memory_equal(device->values, host->values,
                        host->count * width(pair));
}

/* What another rank sent: as many entries, all shifted. */
static void shift(const pair_t *pair, uint32_t rank, uint32_t *indices)
{
    const spar_selection_t *host = &pair->selections[1];

    for (size_t i = 0; i < host->count; i++) {
        indices[i] = host->indices[i] / (rank + 1);
        if (i > 0 && indices[i] <= indices[i - 1]) {
            indices[i] = indices[i - 1] + 1;
        }
    }
}

static void add_on_host(pair_t *pair, const spar_selection_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (pair->size.dtype == SPAR_DTYPE_F64) {
            ((double *)pair->wide)[list->indices[i]] +=
                ((double *)list->values)[i];
        } else {
            ((float *)pair->wide)[list->indices[i]] +=
                ((float *)list->values)[i];
        }
    }
}

static void finish(pair_t *pair)
{
    bool overflow = true;
    spar_status_t status;

    do {
        status = ops->finish(pair->layer, &overflow);
    } while (status == SPAR_INPROGRESS);
    assert_int_equal(status, SPAR_OK);
    assert_false(overflow);
}

static void apply_on_both(pair_t *pair)
{
    spar_selection_t *host = &pair->selections[1];
    uint32_t *indices = (uint32_t *)malloc(COUNT * sizeof(*indices));
    spar_selection_t list = *host;

    list.indices = indices;
    assert_int_equal(ops->commit(pair->layer, pair->device, pair->device),
                     SPAR_OK);
    assert_int_equal(ops->settle(pair->layer, host), SPAR_OK);
    spar_residual_commit(pair->size.dtype, pair->residual, pair->wide, NULL, 0,
                         COUNT);
    spar_residual_settle(pair->residual, host);
    memset(pair->wide, 0, COUNT * width(pair));
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        shift(pair, rank, indices);
        assert_int_equal(ops->add(pair->layer, 0, &list), SPAR_OK);
        add_on_host(pair, &list);
    }
    finish(pair);
    if (spar_dtype_is_16(pair->size.element)) {
        assert_int_equal(ops->deliver(pair->layer, true), SPAR_OK);
        finish(pair);
        spar_narrow_round(pair->size.element, (float *)pair->wide, pair->buffer,
                          COUNT);
    } else {
        memcpy(pair->buffer, pair->wide, COUNT * width(pair));
    }
    free(indices);
}

static void check_both(pair_t *pair)
{
    size_t bytes = COUNT * spar_dtype_size(pair->size.element);
    unsigned char *got = (unsigned char *)malloc(COUNT * 8);

    spar_cuda_ok(cudaMemcpy(got, pair->device, bytes, cudaMemcpyDeviceToHost));
    assert_memory_equal(got, pair->buffer, bytes);
    assert_int_equal(ops->residual_get(pair->layer, got), SPAR_OK);
    assert_memory_equal(got, pair->residual, COUNT * width(pair));
    free(got);
}

static void count_allocations(uint64_t counts[2])
{
    counts[0] = counts[1] = 0;
#ifdef SPAR_TEST_EMULATED
    spar_emulated_counts_t now;

    spar_emulated_count(&now);
    counts[0] = now.allocations + now.host_allocations;
    counts[1] = now.device_waits;
#endif
}

/* `steady`: of the selector that it is promised for, and values that need no
 * room of their own. */
static void check_steps(spar_dtype_t element, spar_values_t values,
                        spar_selector_kind_t kind, bool steady)
{
    uint64_t before[2], after[2];
    pair_t pair;

    begin(element, values, kind, &pair);
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t launches = ops->launches();

        if (step == SETTLED) {
            count_allocations(before);
        }
        draw_gradient(&pair);
        select_on_both(&pair, step % 2 == 0 ? 0 : step);
        apply_on_both(&pair);
        check_both(&pair);
        if (steady && step >= SETTLED) {
            assert_in_range(ops->launches() - launches, 2, LAUNCHES);
        }
    }
    count_allocations(after);
    if (steady) {
        assert_int_equal(after[0], before[0]);
        assert_int_equal(after[1], before[1]);
    }
    end(&pair);
}

static void test_exact(void **state)
{
    (void)state;
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_F32, SPAR_SELECT_EXACT, true);
    check_steps(SPAR_DTYPE_F64, SPAR_VALUES_F64, SPAR_SELECT_EXACT, true);
    check_steps(SPAR_DTYPE_F16, SPAR_VALUES_F32, SPAR_SELECT_EXACT, true);
    check_steps(SPAR_DTYPE_BF16, SPAR_VALUES_F32, SPAR_SELECT_EXACT, true);
}

static void test_rounded(void **state)
{
    (void)state;
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_BF16, SPAR_SELECT_EXACT, true);
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_FP16, SPAR_SELECT_EXACT, true);
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_INT8, SPAR_SELECT_EXACT, true);
}

static void test_others(void **state)
{
    (void)state;
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_F32, SPAR_SELECT_GAUSSIAN, false);
    check_steps(SPAR_DTYPE_F32, SPAR_VALUES_F32, SPAR_SELECT_TOPK, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_rounded),
        cmocka_unit_test(test_others),
#ifdef SPAR_TEST_EMULATED
        cmocka_unit_test(test_loaded),
#endif
    };

    spar_cuda_need_device();
    ops = spar_cuda_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
