/*
 * The means of kernels: barriers, warp functions, atomics, shared memory. On a
 * device this cannot fail; on the emulated ones it shows that they do as a
 * device does.
 */
#include "tests/cuda/unit.h"

#define BLOCK  96u /* three warps */
#define BLOCKS 5u
#define ALL    0xffffffffu

typedef struct words {
    unsigned of[BLOCKS * BLOCK];
} words_t;

static words_t result;

static __device__ unsigned place(void)
{
    return blockIdx.x * blockDim.x + threadIdx.x;
}

template <typename... parameters, typename... given>
static void launch(void (*kernel)(unsigned *, parameters...), size_t shared,
                   given... arguments)
{
    unsigned *to = (unsigned *)spar_cuda_put(NULL, sizeof(result));

    SPAR_LAUNCH(kernel, BLOCKS, BLOCK, shared, 0, to, arguments...);
    spar_cuda_ok(cudaGetLastError());
    spar_cuda_take(to, &result, sizeof(result));
}

/* Each thread reads what another one, of another warp, wrote. */
static __global__ void reverse(unsigned *to)
{
    __shared__ unsigned fixed[BLOCK];
    SPAR_SHARED(unsigned, dynamic);

    fixed[threadIdx.x] = threadIdx.x;
    __syncthreads();
    dynamic[threadIdx.x] = fixed[blockDim.x - 1 - threadIdx.x] * 10;
    __syncthreads();
    to[place()] = dynamic[(threadIdx.x + 1) % blockDim.x] +
                  1000 * (unsigned)__syncthreads_count(threadIdx.x < 7);
}

static void test_barrier(void **state)
{
    (void)state;
    launch(reverse, BLOCK * sizeof(unsigned));
    for (unsigned i = 0; i < BLOCKS * BLOCK; i++) {
        unsigned next = (i % BLOCK + 1) % BLOCK;

        assert_int_equal(result.of[i], 7000 + (BLOCK - 1 - next) * 10);
    }
}

/* Half of the lanes take another way, and functions of both halves. */
static __global__ void warp(unsigned *to)
{
    unsigned lane = threadIdx.x % 32;
    unsigned ballot = __ballot_sync(ALL, lane % 3 == 0);
    unsigned all = __shfl_sync(ALL, threadIdx.x, 5);
    unsigned sum = threadIdx.x;
    unsigned half;

    for (int bits = 16; bits > 0; bits /= 2) {
        sum += __shfl_xor_sync(ALL, sum, bits);
    }
    if (lane < 16) {
        half = (unsigned)__popc(__ballot_sync(0xffffu, lane > 2));
    } else {
        half = __shfl_down_sync(0xffff0000u, lane, 1, 16);
    }
    __syncwarp();
    to[place()] = ballot ^ all ^ sum << 8 ^ half << 24;
}

static void test_warp(void **state)
{
    (void)state;
    launch(warp, 0);
    for (unsigned i = 0; i < BLOCKS * BLOCK; i++) {
        unsigned thread = i % BLOCK;
        unsigned lane = thread % 32;
        unsigned base = thread - lane;
        unsigned sum = 32 * base + 31 * 16;
        unsigned half = lane < 16 ? 13 : lane == 31 ? 31 : lane + 1;

        assert_int_equal(result.of[i],
                         0x49249249u ^ (base + 5) ^ sum << 8 ^ half << 24);
    }
}

/* Prefix sums of a warp, as compaction needs them. */
static __global__ void prefix(unsigned *to)
{
    unsigned lane = threadIdx.x % 32;
    unsigned sum = lane;

    for (unsigned delta = 1; delta < 32; delta *= 2) {
        unsigned other = __shfl_up_sync(ALL, sum, delta);

        sum += lane >= delta ? other : 0;
    }
    to[place()] = sum + 1000 * __match_any_sync(ALL, lane / 30);
}

static void test_prefix(void **state)
{
    (void)state;
    launch(prefix, 0);
    for (unsigned i = 0; i < BLOCKS * BLOCK; i++) {
        unsigned lane = i % BLOCK % 32;
        unsigned equal = lane < 30 ? 0x3fffffffu : 0xc0000000u;

        assert_int_equal(result.of[i], lane * (lane + 1) / 2 + 1000 * equal);
    }
}

/* Threads that end early are missed by no barrier. */
static __global__ void atomics(unsigned *to)
{
    __shared__ unsigned most;

    if (threadIdx.x == 0) {
        most = 0;
    }
    __syncthreads();
    if (threadIdx.x >= 64) {
        return;
    }
    atomicMax(&most, threadIdx.x ^ 5u);
    __syncthreads();
    atomicAdd(&to[threadIdx.x % 2], most);
    atomicOr(&to[2], 1u << threadIdx.x % 20);
    atomicCAS(&to[3], 0u, 9u);
    atomicMin((unsigned long long *)&to[4], 0ull);
}

static void test_atomics(void **state)
{
    (void)state;
    launch(atomics, 0);
    assert_int_equal(result.of[0], 63 * 32 * BLOCKS);
    assert_int_equal(result.of[1], 63 * 32 * BLOCKS);
    assert_int_equal(result.of[2], 0xfffffu);
    assert_int_equal(result.of[3], 9);
    assert_int_equal(result.of[4], 0);
}

static __global__ void bits(unsigned *to, unsigned word, double number)
{
    to[place()] = (unsigned)__clz((int)word) +
                  100 * (unsigned)__ffs((int)word) +
                  10000 * (unsigned)__popcll((uint64_t)word << 20 | 1) +
                  (unsigned)(__double_as_longlong(number) >> 52) +
                  (__brev(word) & 0xf0000000u);
}

static void test_bits(void **state)
{
    (void)state;
    launch(bits, 0, 0x00f80002u, 2.0);
    for (unsigned i = 0; i < BLOCKS * BLOCK; i++) {
        assert_int_equal(result.of[i], 8 + 200 + 70000 + 1024 + 0x40000000u);
    }
}

/* What is put into a stream is done there, and in order. */
static void test_stream(void **state)
{
    cudaStream_t stream;
    unsigned *host;
    unsigned *to;

    (void)state;
    spar_cuda_ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    spar_cuda_ok(cudaMalloc(&to, sizeof(result)));
    spar_cuda_ok(cudaHostAlloc(&host, sizeof(result), cudaHostAllocDefault));
    host[0] = 1;
    spar_cuda_ok(cudaMemsetAsync(to, 0, sizeof(result), stream));
    SPAR_LAUNCH(atomics, BLOCKS, BLOCK, 0, stream, to);
    spar_cuda_ok(cudaMemcpyAsync(host, to, sizeof(result),
                                 cudaMemcpyDeviceToHost, stream));
    spar_cuda_ok(cudaStreamSynchronize(stream));
    assert_int_equal(host[3], 9);
    spar_cuda_ok(cudaFreeHost(host));
    spar_cuda_ok(cudaFree(to));
    spar_cuda_ok(cudaStreamDestroy(stream));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier), cmocka_unit_test(test_warp),
        cmocka_unit_test(test_prefix),  cmocka_unit_test(test_atomics),
        cmocka_unit_test(test_bits),    cmocka_unit_test(test_stream),
    };

    spar_cuda_need_device();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
