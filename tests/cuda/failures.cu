/*
 * Devices that have no memory left, that refuse kernels, that are lost;
 * contexts of the application's own; and what the steady state must not do. On
 * emulated devices only, which fail when they are told to.
 */
#include "tests/cuda/unit.h"

#include "emulated.h"

#include <cuda.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 10000u
#define NEVER UINT64_MAX

static const spar_cuda_ops_t *ops;

static void fail_after(uint64_t allocations, uint64_t launches, uint64_t lost)
{
    spar_emulated_fail_t fail = {allocations, launches, lost, false};

    spar_emulated_fail(&fail);
}

static spar_cuda_size_t layer_size(spar_dtype_t element, uint64_t count)
{
    spar_cuda_size_t size;

    memset(&size, 0, sizeof(size));
    size.element = element;
    size.dtype = spar_dtype_wide(element);
    size.count = count;
    size.feedback = true;
    return size;
}

static spar_cuda_layer_t *make(spar_dtype_t element, const void *memory)
{
    spar_cuda_size_t size = layer_size(element, COUNT);
    spar_cuda_layer_t *layer = NULL;
    int device = -1;

    assert_int_equal(ops->locate(memory, &device), SPAR_CUDA_DEVICE);
    assert_int_equal(ops->create(device, &size, &layer), SPAR_OK);
    return layer;
}

static spar_selection_t one_entry(uint32_t *index, float *value)
{
    spar_selection_t list;

    spar_selection_init(&list);
    list.indices = index;
    list.values = value;
    list.dtype = SPAR_DTYPE_F32;
    list.count = 1;
    return list;
}

static spar_status_t finish(spar_cuda_layer_t *layer)
{
    bool overflow = false;
    spar_status_t status;

    do {
        status = ops->finish(layer, &overflow);
    } while (status == SPAR_INPROGRESS);
    return status;
}

/* gradient 1, residual 0; adds 5 to element 17, with this status. */
static void gather(spar_cuda_layer_t *layer, void *gradient,
                   spar_status_t expected)
{
    uint32_t index = 17;
    float value = 5;
    spar_selection_t list = one_entry(&index, &value);

    assert_int_equal(ops->commit(layer, gradient, gradient), SPAR_OK);
    assert_int_equal(ops->add(layer, 0, &list), expected);
}

static float *ones(void)
{
    float *values = (float *)malloc(COUNT * sizeof(float));
    float *memory;

    for (size_t i = 0; i < COUNT; i++) {
        values[i] = 1;
    }
    memory = (float *)spar_cuda_put(values, COUNT * sizeof(float));
    free(values);
    return memory;
}

static void check_values(spar_cuda_layer_t *layer, const float *memory,
                         float element17, float others, float owed)
{
    float *values = (float *)malloc(COUNT * sizeof(float));

    spar_cuda_ok(cudaMemcpy(values, memory, COUNT * sizeof(float),
                            cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(values[i] == (i == 17 ? element17 : others));
    }
    assert_int_equal(ops->residual_get(layer, values), SPAR_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(values[i] == owed);
    }
    free(values);
}

/* A layer that cannot be made leaves nothing behind, and says why. */
static void test_no_memory(void **state)
{
    spar_cuda_size_t size = layer_size(SPAR_DTYPE_F32, COUNT);
    float *memory = ones();
    spar_cuda_layer_t *layer = NULL;
    spar_emulated_counts_t before, after;
    int device = -1;

    (void)state;
    ops->locate(memory, &device);
    spar_emulated_count(&before);
    fail_after(0, NEVER, NEVER);
    assert_int_equal(ops->create(device, &size, &layer), SPAR_ERR_NO_MEMORY);
    assert_null(layer);
    assert_non_null(strstr(ops->cause(), "cudaErrorMemoryAllocation"));
    spar_emulated_fail(NULL);
    spar_emulated_count(&after);
    assert_int_equal(after.bytes, before.bytes);

    /* Nor does a list for which there is no room. */
    layer = make(SPAR_DTYPE_F32, memory);
    fail_after(0, NEVER, NEVER);
    gather(layer, memory, SPAR_ERR_NO_MEMORY);
    spar_emulated_fail(NULL);
    ops->cancel(layer);
    check_values(layer, memory, 1, 1, 0);
    gather(layer, memory, SPAR_OK);
    assert_int_equal(finish(layer), SPAR_OK);
    check_values(layer, memory, 5, 0, 1);
    ops->destroy(layer);
    spar_cuda_ok(cudaFree(memory));
}

/* A kernel that cannot be launched has changed nothing; it may be tried again,
 * or the call given up. */
static void test_no_launch(void **state)
{
    float *memory = ones();
    spar_cuda_layer_t *layer = make(SPAR_DTYPE_F32, memory);

    (void)state;
    gather(layer, memory, SPAR_OK);
    fail_after(NEVER, 0, NEVER);
    assert_int_equal(finish(layer), SPAR_ERR_IO);
    assert_non_null(strstr(ops->cause(), "cudaErrorLaunchOutOfResources"));
    assert_int_equal(finish(layer), SPAR_ERR_IO);
    check_values(layer, memory, 1, 1, 0);
    spar_emulated_fail(NULL);
    assert_int_equal(finish(layer), SPAR_OK);
    check_values(layer, memory, 5, 0, 1);

    gather(layer, memory, SPAR_OK);
    fail_after(NEVER, 0, NEVER);
    assert_int_equal(finish(layer), SPAR_ERR_IO);
    spar_emulated_fail(NULL);
    ops->cancel(layer);
    check_values(layer, memory, 5, 0, 1);
    ops->destroy(layer);
    spar_cuda_ok(cudaFree(memory));
}

/* Every function of a lost device fails, and none of them crashes or waits. */
static void test_lost(void **state)
{
    float *memory = ones();
    spar_cuda_layer_t *layer = make(SPAR_DTYPE_F32, memory);
    spar_cuda_layer_t *other = NULL;
    spar_cuda_size_t size = layer_size(SPAR_DTYPE_F32, COUNT);
    int device = -1;
    float value = 3;

    (void)state;
    ops->locate(memory, &device);
    gather(layer, memory, SPAR_OK);
    fail_after(NEVER, NEVER, 0);
    assert_int_equal(finish(layer), SPAR_ERR_IO);
    assert_non_null(strstr(ops->cause(), "cudaErrorLaunchFailure"));
    assert_int_equal(ops->to_host(device, &value, memory, 4), SPAR_ERR_IO);
    assert_int_equal(ops->to_device(device, memory, &value, 4), SPAR_ERR_IO);
    assert_int_equal(ops->sample(device, memory, 4, 4, 1, &value), SPAR_ERR_IO);
    assert_true(value == 3);
    assert_int_equal(ops->create(device, &size, &other), SPAR_ERR_IO);
    gather(layer, memory, SPAR_ERR_IO);
    ops->cancel(layer);
    ops->destroy(layer);
    spar_emulated_fail(NULL);
    spar_cuda_ok(cudaFree(memory));
}

static void check_unusable(const void *memory)
{
    assert_int_equal(ops->check(memory, 16), SPAR_ERR_IO);
    assert_non_null(strstr(ops->cause(), "cudaErrorInsufficientDriver"));
    assert_non_null(strstr(ops->cause(), "built with CUDA 13.0"));
    assert_non_null(strstr(ops->cause(), "the driver is for 12.4: update"));
}

/* Memory in a context of its own, which the library has not seen before. */
static float *ones_in(CUcontext context)
{
    float *memory;

    assert_int_equal(cuCtxPushCurrent(context), CUDA_SUCCESS);
    memory = ones();
    assert_int_equal(cuCtxPopCurrent(NULL), CUDA_SUCCESS);
    return memory;
}

/* The driver alone tells of memory, so that all seems well until something
 * needs the runtime: that is tried first, and once. */
static void test_old_driver(void **state)
{
    spar_emulated_fail_t fail = {NEVER, NEVER, NEVER, true};
    spar_cuda_size_t size = layer_size(SPAR_DTYPE_F32, COUNT);
    float *memory = ones_in(spar_emulated_context(1));
    float *elsewhere = ones();
    spar_cuda_layer_t *layer = NULL;
    CUcontext before = NULL, after = NULL;
    int device = -1;

    (void)state;
    assert_int_equal(ops->check(elsewhere, 16), SPAR_OK);
    cuCtxGetCurrent(&before);
    spar_emulated_fail(&fail);
    assert_int_equal(ops->locate(memory, &device), SPAR_CUDA_DEVICE);
    check_unusable(memory);
    assert_int_equal(ops->create(device, &size, &layer), SPAR_ERR_IO);
    spar_emulated_fail(NULL);
    check_unusable(memory);
    assert_int_equal(ops->check(elsewhere, 16), SPAR_OK);
    cuCtxGetCurrent(&after);
    assert_ptr_equal(after, before);
    spar_cuda_ok(cudaFree(memory));
    spar_cuda_ok(cudaFree(elsewhere));
}

static uint64_t broken_captures(void)
{
    spar_emulated_counts_t counts;

    spar_emulated_count(&counts);
    return counts.broken_captures;
}

/* All that allocates, frees, waits or asks, beginning with a new device. */
static void use_all(float *memory)
{
    spar_cuda_layer_t *layer = make(SPAR_DTYPE_F32, memory);
    float *values = (float *)malloc(COUNT * sizeof(float));
    int device = -1;

    ops->locate(memory, &device);
    assert_int_equal(ops->check(memory, 16), SPAR_OK);
    gather(layer, memory, SPAR_OK);
    assert_int_equal(finish(layer), SPAR_OK);
    gather(layer, memory, SPAR_OK);
    ops->cancel(layer);
    assert_int_equal(ops->sample(device, memory, 4, 400, 4, values), SPAR_OK);
    assert_int_equal(ops->to_host(device, values, memory, 16), SPAR_OK);
    assert_int_equal(ops->to_device(device, memory, values, 16), SPAR_OK);
    assert_int_equal(ops->residual_get(layer, values), SPAR_OK);
    assert_int_equal(ops->residual_set(layer, values), SPAR_OK);
    ops->destroy(layer);
    free(values);
}

/* While the application captures a graph, no call of the library breaks that,
 * and the mode that the application has given its thread is left as it was. */
static void test_capture(void **state)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    float *memory = ones_in(spar_emulated_context(1));
    const uint64_t before = broken_captures();

    (void)state;
    cuThreadExchangeStreamCaptureMode(&mode);
    spar_emulated_capture(true);
    use_all(memory);
    assert_int_equal(broken_captures(), before);
    mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
    cuThreadExchangeStreamCaptureMode(&mode);
    assert_int_equal(mode, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    spar_cuda_ok(cudaFree(memory)); /* by the application itself */
    assert_int_equal(broken_captures(), before + 1);
    spar_emulated_capture(false);
}

/* What is told to be held is what is held. */
static void test_told(void **state)
{
    float *memory = ones();
    spar_cuda_layer_t *layer = make(SPAR_DTYPE_F32, memory);
    spar_emulated_counts_t counts;

    (void)state;
    gather(layer, memory, SPAR_OK);
    assert_int_equal(finish(layer), SPAR_OK);
    spar_emulated_count(&counts);
    assert_true(ops->pool() > 0);
    assert_true(ops->memory(layer) >= COUNT * sizeof(float));
    assert_int_equal(counts.bytes,
                     COUNT * sizeof(float) + ops->memory(layer) + ops->pool());
    ops->destroy(layer);
    spar_cuda_ok(cudaFree(memory));
    spar_emulated_count(&counts);
    assert_int_equal(counts.bytes, ops->pool());
}

/* From the second call on: no allocation, no wait for a whole device. */
static void check_steady(spar_dtype_t element)
{
    float *memory = ones();
    spar_cuda_layer_t *layer = make(element, memory);
    spar_emulated_counts_t before, after;
    float sample[4];
    int device = -1;

    ops->locate(memory, &device);
    for (int i = 0; i < 5; i++) {
        gather(layer, memory, SPAR_OK);
        assert_int_equal(finish(layer), SPAR_OK);
        if (spar_dtype_is_16(element)) {
            assert_int_equal(ops->deliver(layer, true), SPAR_OK);
            assert_int_equal(finish(layer), SPAR_OK);
        }
        assert_int_equal(ops->sample(device, memory, 4, 400, 4, sample),
                         SPAR_OK);
        assert_int_equal(ops->to_host(device, sample, memory, 16), SPAR_OK);
        if (i == 0) {
            spar_emulated_count(&before);
        }
    }
    spar_emulated_count(&after);
    assert_int_equal(after.allocations, before.allocations);
    assert_int_equal(after.host_allocations, before.host_allocations);
    assert_int_equal(after.device_waits, before.device_waits);
    ops->destroy(layer);
    spar_cuda_ok(cudaFree(memory));
}

static void test_steady(void **state)
{
    (void)state;
    check_steady(SPAR_DTYPE_F32);
    check_steady(SPAR_DTYPE_BF16);
}

/* The application's own context, on a device that has its primary one in use,
 * is used for its memory, and is current only for that. */
static void test_contexts(void **state)
{
    CUcontext mine = spar_emulated_context(0);
    CUcontext now = NULL;
    float *memory[2];
    int devices[2] = {-1, -1};
    spar_cuda_layer_t *layer;

    (void)state;
    memory[0] = ones();
    assert_int_equal(cuCtxPushCurrent(mine), CUDA_SUCCESS);
    memory[1] = ones();
    assert_int_equal(cuCtxPopCurrent(&now), CUDA_SUCCESS);
    cuCtxGetCurrent(&now);
    for (int i = 0; i < 2; i++) {
        CUcontext then = NULL;

        assert_int_equal(ops->locate(memory[i], &devices[i]), SPAR_CUDA_DEVICE);
        layer = make(SPAR_DTYPE_F32, memory[i]);
        gather(layer, memory[i], SPAR_OK);
        assert_int_equal(finish(layer), SPAR_OK);
        cuCtxGetCurrent(&then);
        assert_ptr_equal(then, now);
        assert_int_equal(cuCtxPushCurrent(i == 1 ? mine : now), CUDA_SUCCESS);
        check_values(layer, memory[i], 5, 0, 1);
        ops->destroy(layer);
        spar_cuda_ok(cudaFree(memory[i]));
        assert_int_equal(cuCtxPopCurrent(&then), CUDA_SUCCESS);
    }
    assert_int_not_equal(devices[0], devices[1]);
}

static __global__ void wait_in_vain(float *values)
{
    if (threadIdx.x < 16) {
        __syncwarp();
        values[0] = 1;
    }
}

static __global__ void reach(float *values)
{
    values[threadIdx.x] = 1;
}

static void vain(float *memory)
{
    SPAR_LAUNCH(wait_in_vain, 1, 32, 0, 0, memory);
}

static void host_reads(float *memory)
{
    memory[COUNT - 1] += 1;
}

static void too_far(float *memory)
{
    SPAR_LAUNCH(reach, 1, 1024, 0, 0, memory + COUNT);
}

static void other_context(float *memory)
{
    cuCtxPushCurrent(spar_emulated_context(1));
    SPAR_LAUNCH(reach, 1, 32, 0, 0, memory);
}

static void pageable(float *memory)
{
    float value = 1;
    cudaStream_t stream;

    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaMemcpyAsync(memory, &value, 4, cudaMemcpyHostToDevice, stream);
}

/* What CUDA forbids ends the process: so the other tests mean something. */
static void check_forbidden(void (*act)(float *memory))
{
    float *memory = ones();
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        act(memory);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    spar_cuda_ok(cudaFree(memory));
}

static void test_forbidden(void **state)
{
    (void)state;
    check_forbidden(vain);
    check_forbidden(host_reads);
    check_forbidden(too_far);
    check_forbidden(other_context);
    check_forbidden(pageable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_no_launch),
        cmocka_unit_test(test_lost),       cmocka_unit_test(test_told),
        cmocka_unit_test(test_steady),     cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_old_driver), cmocka_unit_test(test_capture),
        cmocka_unit_test(test_forbidden),
    };

    setenv("SPAR_EMULATED_DEVICES", "2", 1);
    spar_cuda_need_device();
    ops = spar_cuda_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
