#include "tests/unit/cuda_cases.h"

#include "base/half.h"
#include "sparsify/narrow.h"
#include "sparsify/residual.h"

/* The layer in both memories. */
typedef struct both {
    const case_t *one;
    spar_dtype_t dtype;
    size_t bytes;   /* of the gradient as the application has it */
    void *gradient; /* so */
    void *wide;     /* the same, in dtype */
    void *residual; /* NULL: no feedback */
    void *copy;     /* the device's residual */
    spar_selector_t host_selector, device_selector;
    spar_selection_t host, device;
    char *memory; /* the device's, of the gradient */
    int number;
    spar_cuda_layer_t *layer;
} both_t;

static void ok(spar_status_t status)
{
    if (status != SPAR_OK) {
        fail_msg("%s: %s", spar_status_string(status), spar_cuda_ops.cause());
    }
}

static size_t shift_of(const both_t *both)
{
    return both->one->shift * (spar_dtype_is_16(both->one->element)
                                   ? 1
                                   : spar_dtype_size(both->one->element));
}

static void *values_of(const case_t *one, spar_dtype_t dtype)
{
    return data_alloc(one->n, spar_dtype_size(dtype));
}

static void both_open(both_t *both, const case_t *one)
{
    const spar_dtype_t dtype = spar_dtype_wide(one->element);
    const spar_cuda_size_t size = {.select = one->kind,
                                   .element = one->element,
                                   .dtype = dtype,
                                   .count = one->n,
                                   .values = one->values,
                                   .feedback = one->feedback};

    memset(both, 0, sizeof(*both));
    both->one = one;
    both->dtype = dtype;
    both->bytes = one->n * spar_dtype_size(one->element);
    both->gradient = values_of(one, one->element);
    both->wide = values_of(one, dtype);
    both->copy = values_of(one, dtype);
    if (one->feedback) {
        both->residual = values_of(one, dtype);
        memset(both->residual, 0, one->n * spar_dtype_size(dtype));
    }
    spar_selector_init(&both->host_selector, one->kind, dtype, one->n);
    spar_selector_init(&both->device_selector, one->kind, dtype, one->n);
    spar_selection_init(&both->host);
    spar_selection_init(&both->device);
    assert_int_equal(
        cudaMalloc((void **)&both->memory, both->bytes + shift_of(both)),
        cudaSuccess);
    assert_int_equal(spar_cuda_ops.locate(both->memory, &both->number),
                     SPAR_CUDA_DEVICE);
    ok(spar_cuda_ops.create(both->number, &size, &both->layer));
}

static void both_close(both_t *both)
{
    spar_cuda_ops.destroy(both->layer);
    cudaFree(both->memory);
    spar_selection_cleanup(&both->host);
    spar_selection_cleanup(&both->device);
    free(both->gradient);
    free(both->wide);
    free(both->residual);
    free(both->copy);
}

static double scale_of(const case_t *one, int call)
{
    if (one->jump == 0 || call < one->jump) {
        return 1.0;
    }
    return call == one->jump ? one->by : 1.0 / one->by;
}

static void scale(both_t *both, double factor)
{
    for (size_t i = 0; factor != 1.0 && i < both->one->n; i++) {
        if (both->dtype == SPAR_DTYPE_F64) {
            ((double *)both->wide)[i] *= factor;
        } else {
            ((float *)both->wide)[i] *= (float)factor;
        }
    }
}

static void spoil(both_t *both)
{
    if (both->dtype == SPAR_DTYPE_F64) {
        ((double *)both->wide)[both->one->place] = both->one->bad;
        if (both->one->bad == DBL_MAX) {
            ((double *)both->wide)[both->one->place] = INFINITY;
        }
    } else {
        ((float *)both->wide)[both->one->place] = (float)both->one->bad;
    }
}

static void cut_off(both_t *both)
{
    const size_t size = spar_dtype_size(both->dtype);

    if (both->one->only != 0) {
        memset((char *)both->wide + both->one->only * size, 0,
               (both->one->n - both->one->only) * size);
    }
}

/* Into the application's buffer, and what is left of it there. */
static void narrow(both_t *both)
{
    const case_t *one = both->one;

    if (spar_dtype_is_16(one->element)) {
        spar_narrow_round(one->element, both->wide, both->gradient, one->n);
        spar_narrow_widen(one->element, both->gradient, both->wide, one->n);
    } else {
        memcpy(both->gradient, both->wide, both->bytes);
    }
}

static void both_fill(both_t *both, int call)
{
    const case_t *one = both->one;
    const uint64_t seed = 1000 * (uint64_t)one->n + (uint64_t)call;

    if (both->dtype == SPAR_DTYPE_F64) {
        data_fill_f64(both->wide, one->n, one->shape, seed);
    } else {
        data_fill_f32(both->wide, one->n, one->shape, seed);
    }
    if (one->element == SPAR_DTYPE_F16 && one->shape == DATA_HUGE) {
        scale(both, 1e-34);
    }
    if (one->element == SPAR_DTYPE_F16 && one->shape == DATA_DENORMAL) {
        scale(both, 0x1p123);
    }
    scale(both, scale_of(one, call));
    if (one->bad != 0.0 && call == 2) {
        spoil(both);
    }
    cut_off(both);
    narrow(both);
    ok(spar_cuda_ops.to_device(both->number, both->memory + shift_of(both),
                               both->gradient, both->bytes));
}

static size_t k_of(const case_t *one, int call)
{
    static const size_t shares[] = {8, 4, 4, 6, 6, 1};
    size_t k = one->ramp ? one->k * shares[call % 6] / 4 : one->k;

    return k > 0 ? k : 1;
}

static void selections_equal(const both_t *both)
{
    const spar_selection_t *host = &both->host, *device = &both->device;

    assert_int_equal(device->nonfinite, host->nonfinite);
    assert_int_equal(device->passes, host->passes);
    if (host->nonfinite) {
        return;
    }
    assert_int_equal(device->count, host->count);
    assert_int_equal(device->dtype, host->dtype);
    assert_int_equal(device->travels, host->travels);
    if (host->count > 0) {
        assert_memory_equal(device->indices, host->indices,
                            host->count * sizeof(uint32_t));
        assert_memory_equal(device->values, host->values,
                            host->count * spar_dtype_size(both->dtype));
    }
}

static void selectors_equal(const both_t *both)
{
    const spar_selector_t *host = &both->host_selector;
    const spar_selector_t *device = &both->device_selector;

    /* One NaN is as good as another. */
    assert_true(device->threshold == host->threshold ||
                (isnan(device->threshold) && isnan(host->threshold)));
    assert_int_equal(device->last_k, host->last_k);
    assert_true(device->gap == host->gap);
}

/* What the device has encoded, if it has. */
static void payloads_equal(const both_t *both)
{
    const spar_wire_parts_t *parts = spar_cuda_ops.encoded(both->layer);
    const uint32_t span = (uint32_t)both->one->n;
    const size_t count = both->host.count;
    const size_t bound =
        spar_wire_payload_bound(both->host.travels, span, count);
    unsigned char *host = data_alloc(bound, 1), *device = data_alloc(bound, 1);
    spar_wire_header_t host_header = {0}, device_header = {0};

    assert_int_equal(parts != NULL, !both->host.nonfinite && count <= 65536);
    if (parts != NULL) {
        ok(spar_wire_encode(&both->host, 0, count, 0, span, host, bound,
                            &host_header));
        ok(spar_wire_join(parts, device, bound, &device_header));
        assert_memory_equal(&device_header, &host_header, sizeof(host_header));
        assert_memory_equal(device, host, host_header.payload_bytes);
    }
    free(host);
    free(device);
}

static void both_select(both_t *both, int call)
{
    const case_t *one = both->one;
    const size_t k = k_of(one, call);
    const uint64_t seed = one->seed == 0 ? 0 : one->seed + (uint64_t)call;

    ok(spar_selector_run(&both->host_selector, both->wide, both->residual, k,
                         &both->host));
    spar_selection_round(&both->host, one->values, seed);
    ok(spar_cuda_ops.select(both->layer, &both->device_selector,
                            both->memory + shift_of(both), k, seed,
                            &both->device));
    selections_equal(both);
    selectors_equal(both);
    payloads_equal(both);
}

static void finish(both_t *both)
{
    spar_status_t status;
    bool overflow;

    do {
        status = spar_cuda_ops.finish(both->layer, &overflow);
    } while (status == SPAR_INPROGRESS);
    ok(status);
}

/* The call is carried out, with nothing from other ranks. */
static void both_apply(both_t *both)
{
    const case_t *one = both->one;
    char *gradient = both->memory + shift_of(both);

    spar_residual_commit(both->dtype, both->residual, both->wide, NULL, 0,
                         one->n);
    spar_residual_settle(both->residual, &both->host);
    ok(spar_cuda_ops.commit(both->layer, gradient, gradient));
    ok(spar_cuda_ops.settle(both->layer, &both->device));
    finish(both);
    if (spar_dtype_is_16(one->element)) {
        ok(spar_cuda_ops.deliver(both->layer, true));
        finish(both);
    }
}

void case_check(const case_t *one)
{
    both_t both;

    both_open(&both, one);
    for (int call = 0; call < one->calls; call++) {
        both_fill(&both, call);
        both_select(&both, call);
        if (one->feedback && !both.host.nonfinite) {
            both_apply(&both);
        }
        if (one->feedback) {
            ok(spar_cuda_ops.residual_get(both.layer, both.copy));
            assert_memory_equal(both.copy, both.residual,
                                one->n * spar_dtype_size(both.dtype));
        }
    }
    both_close(&both);
}
