/* Memory of devices and of hosts: told apart, checked, copied. */
#include "tests/cuda/unit.h"

#include <pthread.h>

/* More than two parts of a copy. */
#define LARGE ((size_t)11 * 1024 * 1024 + 12345)

static const spar_cuda_ops_t *ops;

static int device_of(const void *pointer)
{
    int device = -1;

    assert_int_equal(ops->locate(pointer, &device), SPAR_CUDA_DEVICE);
    assert_true(device >= 0);
    return device;
}

static void test_places(void **state)
{
    static char registered[8192];
    int device = -1;
    char local = 0;
    char *memory;

    (void)state;
    assert_int_equal(ops->locate(NULL, &device), SPAR_CUDA_HOST);
    assert_int_equal(ops->locate(&local, &device), SPAR_CUDA_HOST);
    spar_cuda_ok(cudaHostRegister(registered, sizeof(registered),
                                  cudaHostRegisterDefault));
    assert_int_equal(ops->locate(registered + 7, &device), SPAR_CUDA_HOST);
    spar_cuda_ok(cudaHostUnregister(registered));
    spar_cuda_ok(cudaHostAlloc(&memory, 4096, cudaHostAllocDefault));
    assert_int_equal(ops->locate(memory + 4095, &device), SPAR_CUDA_HOST);
    spar_cuda_ok(cudaFreeHost(memory));
    spar_cuda_ok(
        cudaMallocManaged((void **)&memory, 4096, cudaMemAttachGlobal));
    assert_int_equal(ops->locate(memory + 1, &device), SPAR_CUDA_MANAGED);
    spar_cuda_ok(cudaFree(memory));
    assert_int_equal(device, -1);
    spar_cuda_ok(cudaMalloc(&memory, 4096));
    assert_int_equal(device_of(memory), device_of(memory + 4095));
    spar_cuda_ok(cudaFree(memory));
}

static void test_devices(void **state)
{
    void *memory[2];
    int number;
    char byte;

    (void)state;
    spar_cuda_ok(cudaGetDeviceCount(&number));
    if (number < 2) {
        skip();
    }
    for (int i = 0; i < 2; i++) {
        spar_cuda_ok(cudaSetDevice(i));
        memory[i] = spar_cuda_put(NULL, 100);
    }
    assert_int_not_equal(device_of(memory[0]), device_of(memory[1]));
    assert_int_equal(ops->to_host(device_of(memory[0]), &byte, memory[0], 1),
                     SPAR_OK);
    spar_cuda_ok(cudaGetDevice(&number));
    assert_int_equal(number, 1); /* as it was */
    for (int i = 0; i < 2; i++) {
        spar_cuda_ok(cudaSetDevice(i));
        spar_cuda_ok(cudaFree(memory[i]));
    }
    spar_cuda_ok(cudaSetDevice(0));
}

static void test_check(void **state)
{
    char *memory = (char *)spar_cuda_put(NULL, 10000);
    char local = 0;

    (void)state;
    assert_int_equal(ops->check(memory, 10000), SPAR_OK);
    assert_int_equal(ops->check(memory + 9999, 1), SPAR_OK);
    assert_int_equal(ops->check(memory, 1u << 30), SPAR_ERR_INVALID);
    assert_non_null(strstr(ops->cause(), "ends within"));
    spar_cuda_ok(cudaFree(memory));
    assert_int_equal(ops->check(memory, 4), SPAR_ERR_INVALID);
    assert_non_null(strstr(ops->cause(), "any more"));
    assert_int_equal(ops->check(&local, 1), SPAR_ERR_INVALID);
}

static void *check_elsewhere(void *memory)
{
    static char yes;

    return ops->check(memory, 10000) == SPAR_OK ? &yes : NULL;
}

/* A thread of which no context is current, as helper threads have none. */
static void test_thread_without_context(void **state)
{
    void *memory = spar_cuda_put(NULL, 10000);
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, check_elsewhere, memory), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    spar_cuda_ok(cudaFree(memory));
}

/* No part of it is like another one. */
static unsigned char *pattern(void)
{
    unsigned char *bytes = (unsigned char *)malloc(LARGE + 2);

    for (size_t i = 0; i < LARGE + 2; i++) {
        bytes[i] = (unsigned char)(i * 0x9e3779b97f4a7c15u >> 56);
    }
    return bytes;
}

/* Of any length, from and to any byte. */
static void test_copies(void **state)
{
    static const size_t lengths[] = {0,    1, 65536, (4u << 20), (8u << 20) + 1,
                                     LARGE};
    unsigned char *from = pattern();
    unsigned char *to = (unsigned char *)malloc(LARGE + 2);
    unsigned char *memory = (unsigned char *)spar_cuda_put(NULL, LARGE + 2);
    int device = device_of(memory);

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(to, 0xee, LARGE + 2);
        assert_int_equal(
            ops->to_device(device, memory + 1, from + 1, lengths[i]), SPAR_OK);
        assert_int_equal(ops->to_host(device, to + 1, memory + 1, lengths[i]),
                         SPAR_OK);
        assert_memory_equal(to + 1, from + 1, lengths[i]);
        assert_int_equal(to[0], 0xee);
        assert_int_equal(to[lengths[i] + 1], 0xee);
    }
    spar_cuda_take(memory, to, LARGE + 2);
    assert_int_equal(to[0], 0);
    assert_int_equal(to[LARGE + 1], 0);
    free(to);
    free(from);
}

static void test_samples(void **state)
{
    unsigned char *from = pattern();
    unsigned char *memory = (unsigned char *)spar_cuda_put(from, LARGE);
    int device = device_of(memory);
    unsigned char rows[64 * 8];

    (void)state;
    assert_int_equal(ops->sample(device, memory + 3, 8, 100000, 64, rows),
                     SPAR_OK);
    for (size_t i = 0; i < 64; i++) {
        assert_memory_equal(rows + 8 * i, from + 3 + 100000 * i, 8);
    }
    /* Rows that overlap, and rows farther apart than a copy may be. */
    assert_int_equal(ops->sample(device, memory, 8, 1, 64, rows), SPAR_OK);
    for (size_t i = 0; i < 64; i++) {
        assert_memory_equal(rows + 8 * i, from + i, 8);
    }
    assert_int_equal(
        ops->sample(device, memory + 5, 2, (uint64_t)1 << 33, 1, rows),
        SPAR_OK);
    assert_memory_equal(rows, from + 5, 2);
    assert_int_equal(ops->sample(device, memory, 4, 8, 0, rows), SPAR_OK);
    spar_cuda_take(memory, from, LARGE);
    free(from);
}

/* What one of several threads does: other bytes than the others. */
typedef struct worker {
    pthread_t thread;
    unsigned char *memory;
    unsigned char salt;
    bool failed;
} worker_t;

static void *work(void *argument)
{
    worker_t *worker = (worker_t *)argument;
    const size_t bytes = 200000;
    unsigned char *from = (unsigned char *)malloc(bytes);
    unsigned char *to = (unsigned char *)malloc(bytes);
    int device = -1;

    ops->locate(worker->memory, &device);
    for (unsigned round = 0; round < 20; round++) {
        memset(from, worker->salt + round, bytes);
        worker->failed |=
            ops->to_device(device, worker->memory, from, bytes) != SPAR_OK ||
            ops->to_host(device, to, worker->memory, bytes) != SPAR_OK ||
            memcmp(from, to, bytes) != 0;
    }
    free(to);
    free(from);
    return NULL;
}

/* Several at a time take from one pool, and wait for one stream. */
static void test_threads(void **state)
{
    worker_t workers[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        workers[i].memory = (unsigned char *)spar_cuda_put(NULL, 200000);
        workers[i].salt = (unsigned char)(80 * i);
        workers[i].failed = false;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_false(workers[i].failed);
        spar_cuda_ok(cudaFree(workers[i].memory));
    }
}

/* The residual begins as zero, and comes and goes as it is. */
static void test_residual(void **state)
{
    const uint64_t count = 1234567;
    unsigned char *from = pattern();
    unsigned char *to = (unsigned char *)malloc(count * 8);
    void *memory = spar_cuda_put(NULL, 1);
    spar_cuda_layer_t *layer = NULL;
    spar_cuda_size_t size;

    (void)state;
    memset(&size, 0, sizeof(size));
    size.element = size.dtype = SPAR_DTYPE_F64;
    size.count = count;
    size.feedback = true;
    assert_int_equal(ops->create(device_of(memory), &size, &layer), SPAR_OK);
    assert_true(ops->memory(layer) >= count * 8);
    assert_int_equal(ops->residual_get(layer, to), SPAR_OK);
    for (uint64_t i = 0; i < count * 8; i++) {
        assert_int_equal(to[i], 0);
    }
    assert_int_equal(ops->residual_set(layer, from), SPAR_OK);
    assert_int_equal(ops->residual_get(layer, to), SPAR_OK);
    assert_memory_equal(to, from, count * 8);
    ops->destroy(layer);
    spar_cuda_ok(cudaFree(memory));
    free(to);
    free(from);
}

static void check_refused(int device, spar_dtype_t element, spar_dtype_t dtype,
                          uint64_t count)
{
    spar_cuda_layer_t *layer = NULL;
    spar_cuda_size_t size;

    memset(&size, 0, sizeof(size));
    size.element = element;
    size.dtype = dtype;
    size.count = count;
    assert_int_equal(ops->create(device, &size, &layer), SPAR_ERR_INVALID);
    assert_null(layer);
}

static void test_refused(void **state)
{
    void *memory = spar_cuda_put(NULL, 1);
    int device = device_of(memory);

    (void)state;
    check_refused(device, SPAR_DTYPE_F32, SPAR_DTYPE_F32, 0);
    check_refused(device, SPAR_DTYPE_F32, SPAR_DTYPE_F32, (uint64_t)1 << 32);
    check_refused(device, SPAR_DTYPE_F32, SPAR_DTYPE_F64, 1);
    check_refused(device, SPAR_DTYPE_BITS16, SPAR_DTYPE_F32, 1);
    check_refused(device + 1000, SPAR_DTYPE_F32, SPAR_DTYPE_F32, 1);
    check_refused(-1, SPAR_DTYPE_F32, SPAR_DTYPE_F32, 1);
    spar_cuda_ok(cudaFree(memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_thread_without_context),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_threads),
    };

#ifdef SPAR_TEST_EMULATED
    setenv("SPAR_EMULATED_DEVICES", "3", 1);
#endif
    spar_cuda_need_device();
    ops = spar_cuda_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
