#include "cuda/apply.cuh"

#include "cuda/four.cuh"
#include "cuda/launch.h"
#include "cuda/load.h"

#define THREADS 256u
/* Lists whose part in a span is looked for at a time. */
#define LISTS (THREADS / 2)
#define SPAN  SPAR_CUDA_SPAN

/* The elements of the layer that a block has. */
typedef struct span {
    uint64_t begin, end;
} span_t;

static __device__ span_t own_span(uint64_t count)
{
    span_t span;

    span.begin = (uint64_t)blockIdx.x * SPAN;
    span.end = span.begin + SPAN < count ? span.begin + SPAN : count;
    return span;
}

/* As processors of the host add: of NaNs, a device keeps nothing. */
static __device__ float add_as_host(float a, float b)
{
    float sum = a + b;
    float nan = b != b ? b : a;

    if (sum == sum) {
        return sum;
    }
    return spar_half_float(nan != nan ? spar_half_bits(nan) | 0x400000u
                                      : 0xffc00000u);
}

static __device__ double add_as_host(double a, double b)
{
    const uint64_t quiet = (uint64_t)1 << 51;
    double sum = a + b;
    double nan = b != b ? b : a;
    uint64_t bits = 0xfff8000000000000u;

    if (sum == sum) {
        return sum;
    }
    if (nan != nan) {
        memcpy(&bits, &nan, sizeof(bits));
        bits |= quiet;
    }
    memcpy(&sum, &bits, sizeof(sum));
    return sum;
}

/* Entries of a list whose elements come before `element`. */
static __device__ uint64_t entries_before(const spar_cuda_list_t &list,
                                          uint64_t element)
{
    uint64_t low = 0;
    uint64_t high = list.count;

    if (element <= list.first) {
        return 0;
    }
    if (list.indices == NULL) {
        return element - list.first < high ? element - list.first : high;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (list.indices[middle] < element - list.first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

template <typename real>
static __device__ void add_list(const spar_cuda_list_t &list,
                                const span_t &span, uint64_t begin,
                                uint64_t end, real *sums)
{
    const real *values = (const real *)list.values;

    for (uint64_t i = begin + threadIdx.x; i < end; i += THREADS) {
        uint64_t offset = list.indices != NULL ? list.indices[i] : i;
        real *sum = &sums[list.first + offset - span.begin];

        *sum = add_as_host(*sum, values[i]);
    }
}

/* sums[i] for element span.begin + i; complete after the next barrier. */
template <typename real>
static __device__ void add_lists(const spar_cuda_apply_t &apply,
                                 const span_t &span, real *sums)
{
    __shared__ uint64_t borders[2 * LISTS];

    for (uint32_t i = threadIdx.x; i < SPAN; i += THREADS) {
        sums[i] = 0;
    }
    for (uint64_t first = 0; first < apply.list_count; first += LISTS) {
        uint64_t mine = first + threadIdx.x / 2;
        uint64_t last =
            first + LISTS < apply.list_count ? first + LISTS : apply.list_count;

        __syncthreads(); /* nobody reads the borders of the lists before */
        if (mine < last) {
            borders[threadIdx.x] =
                entries_before(apply.lists[mine],
                               threadIdx.x % 2 == 0 ? span.begin : span.end);
        }
        for (uint64_t i = first; i < last; i++) {
            __syncthreads();
            add_list(apply.lists[i], span, borders[2 * (i - first)],
                     borders[2 * (i - first) + 1], sums);
        }
    }
}

/* Four elements at a time: 16 bytes of the residual. */
template <class FROM>
static __device__ void commit(const spar_cuda_apply_t &apply,
                              const span_t &span)
{
    typedef typename FROM::sum::real real;
    real *residual = (real *)apply.residual;

    if (apply.aligned && span.end - span.begin == SPAN) {
#pragma unroll
        for (uint32_t i = 0; i < SPAN / 4 / THREADS; i++) {
            uint64_t at = span.begin + 4 * (i * THREADS + threadIdx.x);
            spar_cuda_four<real> *four = (spar_cuda_four<real> *)&residual[at];
            spar_cuda_four<real> gradient =
                spar_cuda_access<FROM>::load(apply.gradient, at);
            spar_cuda_four<real> sum = *four;

#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum.of[j] = gradient.of[j] + sum.of[j];
            }
            *four = sum;
        }
        return;
    }
#pragma unroll 4
    for (uint64_t i = span.begin + threadIdx.x; i < span.end; i += THREADS) {
        residual[i] = FROM::load(apply.gradient, i) + residual[i];
    }
}

template <typename real>
static __device__ void settle(const spar_cuda_apply_t &apply,
                              const span_t &span)
{
    __shared__ uint64_t borders[2];
    const real *values = (const real *)apply.sent.values;
    real *residual = (real *)apply.residual;

    if (apply.sent.count == 0) {
        return;
    }
    if (threadIdx.x < 2) {
        borders[threadIdx.x] = entries_before(
            apply.sent, threadIdx.x == 0 ? span.begin : span.end);
    }
    __syncthreads(); /* the residual's new elements are there, too */
    for (uint64_t i = borders[0] + threadIdx.x; i < borders[1]; i += THREADS) {
        residual[apply.sent.indices[i]] -= values[i];
    }
}

template <class FROM>
static __device__ void write_out(const spar_cuda_apply_t &apply,
                                 const span_t &span,
                                 const typename FROM::sum::real *sums)
{
    typedef typename FROM::sum::real real;

    if (apply.aligned && span.end - span.begin == SPAN) {
#pragma unroll
        for (uint32_t i = 0; i < SPAN / 4 / THREADS; i++) {
            uint32_t at = 4 * (i * THREADS + threadIdx.x);

            spar_cuda_access<FROM>::store(
                apply.out, span.begin + at,
                *(const spar_cuda_four<real> *)(sums + at));
        }
        return;
    }
#pragma unroll 4
    for (uint64_t i = span.begin + threadIdx.x; i < span.end; i += THREADS) {
        spar_cuda_access<FROM>::store(apply.out, i, sums[i - span.begin]);
    }
}

/* The output may be the gradient: a span is read before it is written. */
template <class FROM>
__global__ void __launch_bounds__(THREADS) apply_span(spar_cuda_apply_t apply)
{
    typedef typename FROM::sum::real real;
    __shared__ __align__(32) real sums[SPAN];
    const span_t span = own_span(apply.count);

    if (apply.residual != NULL) {
        commit<FROM>(apply, span);
        settle<real>(apply, span);
    }
    add_lists(apply, span, sums);
    __syncthreads();
    write_out<FROM>(apply, span, sums);
}

static __global__ void __launch_bounds__(THREADS)
    check_span(spar_cuda_apply_t apply)
{
    __shared__ __align__(32) float sums[SPAN];
    const span_t span = own_span(apply.count);
    bool mine = false;

    add_lists(apply, span, sums);
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < SPAN; i += THREADS) {
        mine |= (spar_half_bits(sums[i]) & 0x7fffffffu) >= apply.limit;
    }
    if (__syncthreads_or(mine) != 0 && threadIdx.x == 0) {
        atomicOr(apply.overflow, 1u);
    }
}

static unsigned blocks(const spar_cuda_apply_t *apply)
{
    return (unsigned)((apply->count + SPAN - 1) / SPAN);
}

void spar_cuda_apply_run(spar_dtype_t element, const spar_cuda_apply_t *apply,
                         cudaStream_t stream)
{
#define RUN(from)                                                              \
    SPAR_LAUNCH((apply_span<from>), blocks(apply), THREADS, 0, stream, *apply)
    SPAR_CUDA_FOR_ELEMENT(element, RUN)
#undef RUN
}

void spar_cuda_apply_check(const spar_cuda_apply_t *apply, cudaStream_t stream)
{
    SPAR_LAUNCH(check_span, blocks(apply), THREADS, 0, stream, *apply);
}

const void *const spar_cuda_apply_kernels[] = {
    SPAR_CUDA_OF_ELEMENTS(apply_span), (const void *)check_span, NULL};
