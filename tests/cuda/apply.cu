/*
 * Applying a call on a device: residual and result have the bits that the
 * host's functions give, whatever the type, alignment, size and lists, and
 * nothing beside them is written.
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

/* Bytes around the application's buffers that must stay as they are. */
#define MARGIN 32u
#define LISTS  300u

static const spar_cuda_ops_t *ops;
static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(random_state >> 4) * below >> 28);
}

/* Sums of such values depend on the order of the additions. */
static double number(void)
{
    static const double scales[] = {1e-3, 1, 7, 1e3};

    return ((double)draw(2001) - 1000.0) * scales[draw(4)] / 1000.0;
}

static void set(spar_dtype_t dtype, void *array, uint64_t i, double value)
{
    uint16_t bits;

    if (dtype == SPAR_DTYPE_F64) {
        ((double *)array)[i] = value;
    } else if (dtype == SPAR_DTYPE_F32) {
        ((float *)array)[i] = (float)value;
    } else {
        bits = dtype == SPAR_DTYPE_F16 ? spar_half_round((float)value)
                                       : spar_bf16_round((float)value);
        memcpy((char *)array + 2 * i, &bits, sizeof(bits));
    }
}

/* One call, its result by the host, and what a device is to make of it. */
typedef struct sample {
    spar_dtype_t element, dtype;
    uint64_t count;
    unsigned offset; /* bytes before the gradient, and before out */
    unsigned out_offset;
    bool in_place, feedback;
    unsigned lists;
    unsigned char *gradient; /* with margins */
    unsigned char *out;
    void *residual;
    void *sum;
    spar_selection_t sent;
    spar_selection_t added[LISTS];
    uint64_t first[LISTS];
    bool whole[LISTS]; /* by add_all */
} sample_t;

static size_t buffer_bytes(const sample_t *sample)
{
    return 2 * MARGIN + 16 + sample->count * spar_dtype_size(sample->element);
}

/* About one element in `rare` of [first, count), ascending. */
static void pick(sample_t *sample, spar_selection_t *list, uint64_t first,
                 uint32_t rare)
{
    list->dtype = sample->dtype;
    spar_selection_init(list);
    assert_int_equal(
        spar_selection_reserve(list, sample->dtype, sample->count - first),
        SPAR_OK);
    list->dtype = sample->dtype;
    list->count = 0;
    for (uint64_t i = first; i < sample->count; i++) {
        if (draw(rare) == 0) {
            list->indices[list->count] = (uint32_t)(i - first);
            set(sample->dtype, list->values, list->count, number());
            list->count++;
        }
    }
}

static void add_on_host(const sample_t *sample, unsigned l)
{
    const spar_selection_t *list = &sample->added[l];

    for (uint64_t i = 0; i < list->count; i++) {
        uint64_t at = sample->first[l] + list->indices[i];

        if (sample->dtype == SPAR_DTYPE_F64) {
            ((double *)sample->sum)[at] += ((double *)list->values)[i];
        } else {
            ((float *)sample->sum)[at] += ((float *)list->values)[i];
        }
    }
}

/* As the machines of exchange/ do it. */
static void apply_on_host(sample_t *sample, void *residual)
{
    size_t size = spar_dtype_size(sample->dtype);
    const void *gradient = sample->gradient + MARGIN + sample->offset;
    void *wide = malloc(sample->count * size);

    if (spar_dtype_is_16(sample->element)) {
        spar_narrow_widen(sample->element, gradient, (float *)wide,
                          sample->count);
    } else {
        memcpy(wide, gradient, sample->count * size);
    }
    memset(sample->sum, 0, sample->count * size);
    if (sample->feedback) {
        spar_residual_commit(sample->dtype, residual, wide, NULL, 0,
                             sample->count);
        spar_residual_settle(residual, &sample->sent);
    }
    for (unsigned l = 0; l < sample->lists; l++) {
        add_on_host(sample, l);
    }
    free(wide);
}

/* The sum, as the application gets it, into the host's copy of `out`. */
static void deliver_on_host(sample_t *sample)
{
    unsigned char *out = sample->in_place ? sample->gradient : sample->out;
    unsigned offset = sample->in_place ? sample->offset : sample->out_offset;

    if (spar_dtype_is_16(sample->element)) {
        spar_narrow_round(sample->element, (float *)sample->sum,
                          out + MARGIN + offset, sample->count);
    } else {
        memcpy(out + MARGIN + offset, sample->sum,
               sample->count * spar_dtype_size(sample->dtype));
    }
}

static void fill(sample_t *sample)
{
    size_t bytes = buffer_bytes(sample);

    sample->dtype = spar_dtype_wide(sample->element);
    sample->gradient = (unsigned char *)malloc(bytes);
    sample->out = (unsigned char *)malloc(bytes);
    sample->residual = malloc(sample->count * 8);
    sample->sum = malloc(sample->count * 8);
    memset(sample->gradient, 0x5a, bytes);
    memset(sample->out, 0xa5, bytes);
    for (uint64_t i = 0; i < sample->count; i++) {
        unsigned char value[8];

        set(sample->element, value, 0, number());
        memcpy(sample->gradient + MARGIN + sample->offset +
                   i * spar_dtype_size(sample->element),
               value, spar_dtype_size(sample->element));
        set(sample->dtype, sample->residual, i, number());
    }
    pick(sample, &sample->sent, 0, 50);
    for (unsigned l = 0; l < sample->lists; l++) {
        sample->whole[l] = l % 7 == 3;
        sample->first[l] = l % 3 == 0 ? 0 : draw((uint32_t)sample->count);
        pick(sample, &sample->added[l], sample->first[l],
             sample->whole[l] ? 1 : 1 + draw(100));
    }
}

static void clean(sample_t *sample)
{
    free(sample->gradient);
    free(sample->out);
    free(sample->residual);
    free(sample->sum);
    spar_selection_cleanup(&sample->sent);
    for (unsigned l = 0; l < sample->lists; l++) {
        spar_selection_cleanup(&sample->added[l]);
    }
}

static bool finish(spar_cuda_layer_t *layer)
{
    bool overflow = true;
    spar_status_t status;

    do {
        status = ops->finish(layer, &overflow);
    } while (status == SPAR_INPROGRESS);
    assert_int_equal(status, SPAR_OK);
    return overflow;
}

static void pass(spar_cuda_layer_t *layer, sample_t *sample,
                 unsigned char *gradient, unsigned char *out)
{
    assert_int_equal(ops->commit(layer, gradient, out), SPAR_OK);
    if (sample->feedback) {
        assert_int_equal(ops->settle(layer, &sample->sent), SPAR_OK);
        /* They have been copied. */
        memset(sample->sent.values, 0,
               sample->sent.count * spar_dtype_size(sample->dtype));
    }
    for (unsigned l = 0; l < sample->lists; l++) {
        const spar_selection_t *list = &sample->added[l];

        assert_int_equal(sample->whole[l]
                             ? ops->add_all(layer, sample->first[l],
                                            list->values, list->count)
                             : ops->add(layer, sample->first[l], list),
                         SPAR_OK);
    }
}

static spar_cuda_layer_t *create(const sample_t *sample, const void *memory)
{
    spar_cuda_size_t size;
    spar_cuda_layer_t *layer = NULL;
    int device = -1;

    memset(&size, 0, sizeof(size));
    size.element = sample->element;
    size.dtype = sample->dtype;
    size.count = sample->count;
    size.values = spar_values_native(sample->dtype);
    size.feedback = sample->feedback;
    assert_int_equal(ops->locate(memory, &device), SPAR_CUDA_DEVICE);
    assert_int_equal(ops->create(device, &size, &layer), SPAR_OK);
    return layer;
}

static void check_residual(spar_cuda_layer_t *layer, const sample_t *sample,
                           const void *expected)
{
    size_t bytes = sample->count * spar_dtype_size(sample->dtype);
    void *residual = malloc(bytes);

    if (sample->feedback) {
        assert_int_equal(ops->residual_get(layer, residual), SPAR_OK);
        assert_memory_equal(residual, expected, bytes);
    }
    free(residual);
}

static void check(sample_t *sample)
{
    size_t bytes = buffer_bytes(sample);
    unsigned launches = spar_dtype_is_16(sample->element) ? 2 : 1;
    unsigned char *gradient, *out;
    spar_cuda_layer_t *layer;
    uint64_t before;

    fill(sample);
    gradient = (unsigned char *)spar_cuda_put(sample->gradient, bytes);
    out = (unsigned char *)spar_cuda_put(sample->out, bytes);
    layer = create(sample, gradient);
    if (sample->feedback) {
        assert_int_equal(ops->residual_set(layer, sample->residual), SPAR_OK);
    }
    apply_on_host(sample, sample->residual);
    before = ops->launches();
    pass(layer, sample, gradient + MARGIN + sample->offset,
         sample->in_place ? gradient + MARGIN + sample->offset
                          : out + MARGIN + sample->out_offset);
    assert_int_equal(ops->launches(), before);
    assert_false(finish(layer));
    if (spar_dtype_is_16(sample->element)) {
        assert_int_equal(ops->deliver(layer, true), SPAR_OK);
        assert_false(finish(layer));
    }
    assert_int_equal(ops->launches() - before, launches);
    deliver_on_host(sample);
    check_residual(layer, sample, sample->residual);

    unsigned char *got = (unsigned char *)malloc(bytes);
    spar_cuda_take(gradient, got, bytes);
    assert_memory_equal(got, sample->gradient, bytes);
    spar_cuda_take(out, got, bytes);
    assert_memory_equal(got, sample->out, bytes);
    free(got);
    ops->destroy(layer);
    clean(sample);
}

static void check_type(spar_dtype_t element)
{
    static const uint64_t counts[] = {1, 7, 4095, 4096, 4097, 8192, 20001};
    static const unsigned offsets[] = {0, 16, 8, 4, 2, 1};
    size_t align = spar_dtype_is_16(element) ? 1 : spar_dtype_size(element);

    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (size_t o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
            sample_t sample;

            if (offsets[o] % align != 0) {
                continue;
            }
            memset(&sample, 0, sizeof(sample));
            sample.element = element;
            sample.count = counts[c];
            sample.offset = offsets[o];
            sample.out_offset =
                offsets[(o + c) % 6] % align == 0 ? offsets[(o + c) % 6] : 0;
            sample.in_place = (o + c) % 2 == 0;
            sample.feedback = (o + c) % 5 != 4;
            sample.lists = (unsigned)(c + o) % 4 * 3;
            check(&sample);
        }
    }
}

static void test_f32(void **state)
{
    (void)state;
    check_type(SPAR_DTYPE_F32);
}

static void test_f64(void **state)
{
    (void)state;
    check_type(SPAR_DTYPE_F64);
}

static void test_f16(void **state)
{
    (void)state;
    check_type(SPAR_DTYPE_F16);
}

static void test_bf16(void **state)
{
    (void)state;
    check_type(SPAR_DTYPE_BF16);
}

/* More than a block looks for at a time. */
static void test_many_lists(void **state)
{
    sample_t sample;

    (void)state;
    memset(&sample, 0, sizeof(sample));
    sample.element = SPAR_DTYPE_F32;
    sample.count = 5000;
    sample.feedback = true;
    sample.lists = LISTS;
    check(&sample);
}

/* A layer for the tests that follow: 100 elements of this type, all 1, residual
 * 0.5. */
typedef struct small {
    sample_t sample;
    unsigned char *buffer;
    spar_cuda_layer_t *layer;
} small_t;

static void small_begin(spar_dtype_t element, small_t *small)
{
    sample_t *sample = &small->sample;

    memset(small, 0, sizeof(*small));
    sample->element = element;
    sample->count = 100;
    sample->feedback = true;
    fill(sample);
    for (uint64_t i = 0; i < sample->count; i++) {
        set(sample->element, sample->gradient, i, 1);
        set(sample->dtype, sample->residual, i, 0.5);
    }
    small->buffer =
        (unsigned char *)spar_cuda_put(sample->gradient, buffer_bytes(sample));
    small->layer = create(sample, small->buffer);
    assert_int_equal(ops->residual_set(small->layer, sample->residual),
                     SPAR_OK);
}

static void small_add(small_t *small, uint32_t index, double value)
{
    float narrow = (float)value;
    spar_selection_t list;

    spar_selection_init(&list);
    list.indices = &index;
    list.values = &narrow;
    list.dtype = SPAR_DTYPE_F32;
    list.count = 1;
    assert_int_equal(ops->add(small->layer, 0, &list), SPAR_OK);
}

/* Nothing has changed. */
static void small_end(small_t *small)
{
    size_t bytes = buffer_bytes(&small->sample);
    unsigned char *got = (unsigned char *)malloc(bytes);

    check_residual(small->layer, &small->sample, small->sample.residual);
    spar_cuda_take(small->buffer, got, bytes);
    assert_memory_equal(got, small->sample.gradient, bytes);
    free(got);
    ops->destroy(small->layer);
    clean(&small->sample);
}

/* Floats that are not aligned are refused before a kernel meets them. */
static void test_not_aligned(void **state)
{
    char *buffer;
    small_t small;

    (void)state;
    small_begin(SPAR_DTYPE_F32, &small);
    buffer = (char *)small.buffer;
    assert_int_equal(ops->commit(small.layer, buffer, buffer + 2),
                     SPAR_ERR_INVALID);
    assert_int_equal(ops->commit(small.layer, buffer + 1, buffer),
                     SPAR_ERR_INVALID);
    assert_non_null(strstr(ops->cause(), "not aligned"));
    small_end(&small);
}

/* One unit below the limits does not overflow, and what overflows on the way
 * only does not either. */
static void check_overflow(spar_dtype_t element, uint32_t limit, float large)
{
    small_t small;

    small_begin(element, &small);
    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    small_add(&small, 99, spar_half_float(limit - 1));
    small_add(&small, 7, large);
    small_add(&small, 7, large);
    small_add(&small, 7, -large);
    assert_false(finish(small.layer));
    assert_int_equal(ops->deliver(small.layer, false), SPAR_OK);
    assert_false(finish(small.layer));

    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    small_add(&small, 99, -spar_half_float(limit));
    assert_true(finish(small.layer));
    assert_int_equal(ops->deliver(small.layer, false), SPAR_OK);
    assert_true(finish(small.layer));
    small_end(&small);
}

static void test_overflow(void **state)
{
    (void)state;
    check_overflow(SPAR_DTYPE_F16, SPAR_HALF_OVERFLOW, 65504.f);
    check_overflow(SPAR_DTYPE_BF16, SPAR_BF16_OVERFLOW, 0x1.8p126f);
}

static void test_cancel(void **state)
{
    small_t small;

    (void)state;
    small_begin(SPAR_DTYPE_F32, &small);
    ops->cancel(small.layer);
    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    small_add(&small, 3, 7);
    ops->cancel(small.layer);
    assert_int_equal(ops->settle(small.layer, &small.sample.sent),
                     SPAR_ERR_INVALID);
    /* The next one gives up the one before it. */
    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    small_add(&small, 3, 7);
    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    assert_false(finish(small.layer));
    for (uint64_t i = 0; i < small.sample.count; i++) {
        set(SPAR_DTYPE_F32, small.sample.gradient, i, 0);
        set(SPAR_DTYPE_F32, small.sample.residual, i, 1.5);
    }
    small_end(&small);
}

/* What the host's processor makes of infinities that meet. */
static void test_not_finite(void **state)
{
    static const uint32_t values[][3] = {
        {0x7f800000u, 0xff800000u, 0x3f800000u}, /* inf - inf + 1 */
        {0x7fa00001u, 0x3f800000u, 0x7f800000u}, /* a signalling NaN */
        {0x3f800000u, 0xffc00123u, 0x3f800000u},
        {0x7f7fffffu, 0x7f7fffffu, 0xff7fffffu}};
    small_t small;

    (void)state;
    small_begin(SPAR_DTYPE_F32, &small);
    assert_int_equal(ops->commit(small.layer, small.buffer, small.buffer),
                     SPAR_OK);
    for (uint32_t j = 0; j < 3; j++) {
        uint32_t indices[4];
        uint32_t bits[4];
        spar_selection_t list;

        spar_selection_init(&list);
        list.dtype = SPAR_DTYPE_F32;
        list.count = 4;
        list.indices = indices;
        list.values = bits;
        for (uint32_t i = 0; i < 4; i++) {
            indices[i] = i;
            bits[i] = values[i][j];
        }
        assert_int_equal(ops->add(small.layer, 0, &list), SPAR_OK);
    }
    assert_false(finish(small.layer));
    for (uint64_t i = 0; i < small.sample.count; i++) {
        volatile float sum = 0;

        for (uint32_t j = 0; i < 4 && j < 3; j++) {
            /* As a variable: compilers subtract a negative constant. */
            volatile float value = spar_half_float(values[i][j]);

            sum = sum + value;
        }
        float result = sum;
        memcpy(small.sample.gradient + 4 * i, &result, 4);
        set(SPAR_DTYPE_F32, small.sample.residual, i, 1.5);
    }
    small_end(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_aligned), cmocka_unit_test(test_f32),
        cmocka_unit_test(test_f64),         cmocka_unit_test(test_f16),
        cmocka_unit_test(test_bf16),        cmocka_unit_test(test_many_lists),
        cmocka_unit_test(test_overflow),    cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_not_finite),
#ifdef SPAR_TEST_EMULATED
        cmocka_unit_test(test_loaded),
#endif
    };
    int failed;

    spar_cuda_need_device();
    ops = spar_cuda_load();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
#ifdef SPAR_TEST_EMULATED
    spar_emulated_shuffle(77);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
#endif
    return failed;
}
