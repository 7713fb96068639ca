/*
 * bench_cuda [RANKS]: bytes per second of the kernels of cuda/ on a device,
 * against a copy within the device that reads and writes as many bytes, and
 * whole calls of a layer. Exit code 77 where there is no device.
 */
#include "bench/cuda/layer.h"
#include "bench/cuda/sweep.h"
#include "bench/cuda/timing.h"
#include "cuda/apply.cuh"
#include "cuda/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEATS 51
#define RANKS   8
#define DENSITY 0.001

/* Arrays of 8 bytes an element. */
typedef struct arrays {
    uint64_t count;
    void *gradient, *residual, *out, *table;
    uint64_t k;
    int ranks;
} arrays_t;

static __device__ uint32_t mix(uint64_t i)
{
    uint64_t x = i * 0x9e3779b97f4a7c15u;

    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return (uint32_t)(x >> 32);
}

/* About normal: most gradients are small. */
static __global__ void fill(float *to, uint64_t count)
{
    uint64_t step = (uint64_t)gridDim.x * blockDim.x;

    for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
         i < count; i += step) {
        float sum = 0;

        for (uint64_t j = 0; j < 4; j++) {
            sum += (float)mix(4 * i + j) * 0x1p-32f - 0.5f;
        }
        to[i] = sum;
    }
}

/* k indices, the same distance apart. */
static __global__ void spread(uint32_t *to, uint64_t count, uint64_t k)
{
    uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;

    if (i < k) {
        to[i] = (uint32_t)(i * count / k);
    }
}

static void *allocate(uint64_t bytes)
{
    void *memory;

    bench_ok(cudaMalloc(&memory, bytes), "allocating");
    bench_ok(cudaMemset(memory, 0, bytes), "clearing");
    return memory;
}

/* The lists of all ranks have the same entries. */
static void make_lists(arrays_t *arrays)
{
    size_t bytes = arrays->ranks * sizeof(spar_cuda_list_t);
    spar_cuda_list_t *lists = (spar_cuda_list_t *)malloc(bytes);
    uint32_t *indices = (uint32_t *)allocate(arrays->k * sizeof(*indices));
    void *values = allocate(arrays->k * sizeof(double));

    SPAR_LAUNCH(spread, (unsigned)(arrays->k / 256 + 1), 256, 0, 0, indices,
                arrays->count, arrays->k);
    for (int rank = 0; rank < arrays->ranks; rank++) {
        lists[rank] = spar_cuda_list_t{indices, values, 0, arrays->k};
    }
    arrays->table = allocate(bytes);
    bench_ok(cudaMemcpy(arrays->table, lists, bytes, cudaMemcpyHostToDevice),
             "copying");
    free(lists);
}

static bool begin(uint64_t count, int ranks, arrays_t *arrays_p)
{
    size_t room, all;

    bench_ok(cudaMemGetInfo(&room, &all), "asking for memory");
    if (room < 30 * count + (1u << 30)) {
        printf("%.1f M elements: the device has too little memory\n",
               (double)count / 1e6);
        return false;
    }
    arrays_p->count = count;
    arrays_p->ranks = ranks;
    arrays_p->k = (uint64_t)((double)count * DENSITY);
    arrays_p->gradient = allocate(count * 8);
    arrays_p->residual = allocate(count * 8);
    arrays_p->out = allocate(count * 8);
    SPAR_LAUNCH(fill, 2048, 256, 0, 0, (float *)arrays_p->gradient, count);
    make_lists(arrays_p);
    bench_ok(cudaDeviceSynchronize(), "filling");
    return true;
}

/* What is measured: a type, and whether the buffers are aligned. */
typedef struct work {
    const arrays_t *arrays;
    spar_dtype_t element;
    bool aligned;
} work_t;

static spar_cuda_apply_t describe(const work_t *work)
{
    const arrays_t *arrays = work->arrays;
    spar_cuda_apply_t apply;

    memset(&apply, 0, sizeof(apply));
    apply.gradient = arrays->gradient;
    apply.residual = arrays->residual;
    apply.out = arrays->out;
    apply.count = arrays->count;
    apply.lists = (const spar_cuda_list_t *)arrays->table;
    apply.list_count = arrays->ranks;
    apply.overflow = (uint32_t *)arrays->out;
    apply.limit = UINT32_MAX;
    apply.aligned = work->aligned;
    return apply;
}

static void run_apply(void *data, cudaStream_t stream)
{
    const work_t *work = (const work_t *)data;
    spar_cuda_apply_t apply = describe(work);

    spar_cuda_apply_run(work->element, &apply, stream);
    bench_ok(cudaGetLastError(), "launching");
}

static void run_check(void *data, cudaStream_t stream)
{
    spar_cuda_apply_t apply = describe((const work_t *)data);

    spar_cuda_apply_check(&apply, stream);
    bench_ok(cudaGetLastError(), "launching");
}

/* Residual read and written, gradient read, result written, lists read. */
static uint64_t traffic(const work_t *work)
{
    const arrays_t *arrays = work->arrays;
    uint64_t element = spar_dtype_size(work->element);
    uint64_t wide = spar_dtype_size(spar_dtype_wide(work->element));

    return arrays->count * 2 * (element + wide) +
           arrays->ranks * arrays->k * (4 + wide);
}

static void measure(const arrays_t *arrays, spar_dtype_t element, bool aligned)
{
    work_t work = {arrays, element, aligned};
    uint64_t bytes = traffic(&work);
    double copy = bench_copy(
        arrays->out, arrays->gradient,
        bytes < 16 * arrays->count ? bytes : 16 * arrays->count, REPEATS);
    char what[64];

    if (bytes > 16 * arrays->count) { /* more than the arrays hold */
        copy *= (double)bytes / (double)(16 * arrays->count);
    }
    snprintf(what, sizeof(what), "apply %s%s", spar_dtype_name(element),
             aligned ? "" : ", not aligned");
    bench_print(what, arrays->count, bytes,
                bench_time(NULL, run_apply, &work, REPEATS), copy);
}

static void end(arrays_t *arrays)
{
    cudaFree(arrays->gradient);
    cudaFree(arrays->residual);
    cudaFree(arrays->out);
    cudaFree(arrays->table);
}

static void measure_all(uint64_t count, int ranks)
{
    arrays_t arrays;

    if (!begin(count, ranks, &arrays)) {
        return;
    }
    bench_layer((float *)arrays.gradient, count, arrays.k, ranks, REPEATS);
    bench_sweep(arrays.gradient, arrays.residual, arrays.out, count, arrays.k,
                REPEATS);
    measure(&arrays, SPAR_DTYPE_F32, true);
    measure(&arrays, SPAR_DTYPE_F32, false);
    measure(&arrays, SPAR_DTYPE_F64, true);
    measure(&arrays, SPAR_DTYPE_F16, true);
    measure(&arrays, SPAR_DTYPE_BF16, true);
    work_t work = {&arrays, SPAR_DTYPE_F16, true};
    printf("%-34s %10.1f M %9.4f ms\n", "look for overflows",
           (double)count / 1e6,
           bench_time(NULL, run_check, &work, REPEATS) * 1e3);
    end(&arrays);
}

int main(int argc, char **argv)
{
    int ranks = argc > 1 ? atoi(argv[1]) : RANKS;
    struct cudaDeviceProp properties;
    int number = 0;

    if (cudaGetDeviceCount(&number) != cudaSuccess || number == 0) {
        printf("bench_cuda: there is no CUDA device here: nothing measured\n");
        return 77;
    }
    bench_ok(cudaGetDeviceProperties(&properties, 0), "asking the device");
    printf("%s, density %g, %d ranks, medians of %d\n", properties.name,
           DENSITY, ranks, REPEATS);
    measure_all(25600000, ranks);
    measure_all(256000000, ranks);
    return 0;
}
