/*
 * What kernels see of a device, for the host's compiler: qualifiers, vector
 * types, indices, barriers, warp functions, atomics. See emulated.h.
 */
#ifndef SPAR_EMULATED_KERNEL_H
#define SPAR_EMULATED_KERNEL_H

#include <stdint.h>
#include <string.h>
#include <tuple>

#define __host__
#define __device__
#define __global__
#define __constant__
#define __shared__      static
#define __forceinline__ inline
#define __noinline__    __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1)
        : x(x_), y(y_), z(z_)
    {
    }
};

#define SPAR_EMULATED_VECTOR(name, type, bytes)                                \
    struct __align__(2 * (bytes)) name##2                                      \
    {                                                                          \
        type x, y;                                                             \
    };                                                                         \
    struct __align__(4 * (bytes) > 16 ? 16 : 4 * (bytes)) name##4              \
    {                                                                          \
        type x, y, z, w;                                                       \
    };                                                                         \
    static inline name##2 make_##name##2(type x, type y)                       \
    {                                                                          \
        return name##2 {x, y};                                                 \
    }                                                                          \
    static inline name##4 make_##name##4(type x, type y, type z, type w)       \
    {                                                                          \
        return name##4 {x, y, z, w};                                           \
    }
SPAR_EMULATED_VECTOR(uchar, unsigned char, 1)
SPAR_EMULATED_VECTOR(ushort, unsigned short, 2)
SPAR_EMULATED_VECTOR(int, int, 4)
SPAR_EMULATED_VECTOR(uint, unsigned, 4)
SPAR_EMULATED_VECTOR(float, float, 4)
SPAR_EMULATED_VECTOR(ulonglong, unsigned long long, 8)
SPAR_EMULATED_VECTOR(double, double, 8)

extern "C" {
/* Of the thread that runs. */
extern uint3 spar_emulated_thread, spar_emulated_block;
extern uint3 spar_emulated_block_size, spar_emulated_grid_size;

/* A barrier of the block. The values of all its threads, combined: how many
 * are not zero. */
int spar_emulated_barrier(int value);
/* A barrier of the lanes of `mask`, this thread's among them: the values that
 * all of them brought, by lane. */
const uint64_t *spar_emulated_exchange(unsigned mask, uint64_t value);
unsigned spar_emulated_lane(void);
/* Dynamic shared memory of the block, aligned to 16 bytes. */
void *spar_emulated_shared(void);

/* Puts a kernel into a stream: run(closure) for each thread, then
 * destroy(closure), which also happens after an error (cudaGetLastError). */
void spar_emulated_launch(uint3 grid, uint3 block, size_t shared,
                          struct CUstream_st *stream, const void *kernel,
                          void (*run)(void *), void (*destroy)(void *),
                          void *closure);
}

#define threadIdx spar_emulated_thread
#define blockIdx  spar_emulated_block
#define blockDim  spar_emulated_block_size
#define gridDim   spar_emulated_grid_size
static const int warpSize = 32;

template <typename... parameters> struct spar_emulated_closure {
    void (*kernel)(parameters...);
    std::tuple<parameters...> arguments;

    static void run(void *closure)
    {
        auto *self = static_cast<spar_emulated_closure *>(closure);

        std::apply(self->kernel, self->arguments);
    }
    static void destroy(void *closure)
    {
        delete static_cast<spar_emulated_closure *>(closure);
    }
};

template <typename... parameters, typename... given>
void spar_emulated_start(void (*kernel)(parameters...), dim3 grid, dim3 block,
                         size_t shared, struct CUstream_st *stream,
                         given... arguments)
{
    typedef spar_emulated_closure<parameters...> closure_t;

    spar_emulated_launch(
        uint3{grid.x, grid.y, grid.z}, uint3{block.x, block.y, block.z}, shared,
        stream, (const void *)kernel, closure_t::run, closure_t::destroy,
        new closure_t{kernel, std::tuple<parameters...>(arguments...)});
}

static inline void __syncthreads(void)
{
    spar_emulated_barrier(0);
}

static inline int __syncthreads_count(int predicate)
{
    return spar_emulated_barrier(predicate != 0);
}

static inline int __syncthreads_or(int predicate)
{
    return spar_emulated_barrier(predicate != 0) != 0;
}

static inline int __syncthreads_and(int predicate)
{
    return spar_emulated_barrier(predicate == 0) == 0;
}

static inline void __syncwarp(unsigned mask = 0xffffffffu)
{
    spar_emulated_exchange(mask, 0);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    const uint64_t *values = spar_emulated_exchange(mask, predicate != 0);
    unsigned ballot = 0;

    for (unsigned lane = 0; lane < 32; lane++) {
        if ((mask >> lane & 1u) != 0) {
            ballot |= (unsigned)values[lane] << lane;
        }
    }
    return ballot;
}

static inline int __any_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) != 0;
}

static inline int __all_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) == mask;
}

template <typename type>
static inline type spar_emulated_shuffle_from(unsigned mask, type value,
                                              unsigned source)
{
    uint64_t bits = 0;

    static_assert(sizeof(type) == 4 || sizeof(type) == 8, "as CUDA has it");
    memcpy(&bits, &value, sizeof(value));
    bits = spar_emulated_exchange(mask, bits)[source];
    memcpy(&value, &bits, sizeof(value));
    return value;
}

template <typename type>
static inline type __shfl_sync(unsigned mask, type value, int source,
                               int width = 32)
{
    unsigned lane = spar_emulated_lane();

    return spar_emulated_shuffle_from(mask, value,
                                      (lane & ~(unsigned)(width - 1)) |
                                          ((unsigned)source & (width - 1)));
}

template <typename type>
static inline type __shfl_up_sync(unsigned mask, type value, unsigned delta,
                                  int width = 32)
{
    unsigned lane = spar_emulated_lane();
    unsigned place = lane & (unsigned)(width - 1);

    return spar_emulated_shuffle_from(mask, value,
                                      place >= delta ? lane - delta : lane);
}

template <typename type>
static inline type __shfl_down_sync(unsigned mask, type value, unsigned delta,
                                    int width = 32)
{
    unsigned lane = spar_emulated_lane();
    unsigned place = lane & (unsigned)(width - 1);

    return spar_emulated_shuffle_from(
        mask, value, place + delta < (unsigned)width ? lane + delta : lane);
}

template <typename type>
static inline type __shfl_xor_sync(unsigned mask, type value, int bits,
                                   int width = 32)
{
    unsigned lane = spar_emulated_lane();
    unsigned source = lane ^ (unsigned)bits;

    return spar_emulated_shuffle_from(mask, value,
                                      (source & ~(unsigned)(width - 1)) >
                                              (lane | (unsigned)(width - 1))
                                          ? lane
                                          : source);
}

template <typename type>
static inline unsigned __match_any_sync(unsigned mask, type value)
{
    uint64_t bits = 0;
    unsigned equal = 0;

    memcpy(&bits, &value, sizeof(value));
    const uint64_t *values = spar_emulated_exchange(mask, bits);
    for (unsigned lane = 0; lane < 32; lane++) {
        if ((mask >> lane & 1u) != 0) {
            equal |= (unsigned)(values[lane] == bits) << lane;
        }
    }
    return equal;
}

/* Blocks and threads take turns only where they wait, so plain memory
 * accesses are atomic. */
template <typename type, typename other>
static inline type atomicAdd(type *at, other value)
{
    static_assert((type)1 / 2 == 0, "sums of floats depend on the order");
    type old = *at;

    *at = (type)(old + (type)value);
    return old;
}

template <typename type, typename other>
static inline type atomicSub(type *at, other value)
{
    type old = *at;

    *at = (type)(old - (type)value);
    return old;
}

template <typename type, typename other>
static inline type atomicMax(type *at, other value)
{
    type old = *at;

    *at = old > (type)value ? old : (type)value;
    return old;
}

template <typename type, typename other>
static inline type atomicMin(type *at, other value)
{
    type old = *at;

    *at = old < (type)value ? old : (type)value;
    return old;
}

template <typename type, typename other>
static inline type atomicOr(type *at, other value)
{
    type old = *at;

    *at = old | (type)value;
    return old;
}

template <typename type, typename other>
static inline type atomicAnd(type *at, other value)
{
    type old = *at;

    *at = old & (type)value;
    return old;
}

template <typename type, typename other>
static inline type atomicExch(type *at, other value)
{
    type old = *at;

    *at = (type)value;
    return old;
}

template <typename type, typename first, typename second>
static inline type atomicCAS(type *at, first expected, second value)
{
    type old = *at;

    *at = old == (type)expected ? (type)value : old;
    return old;
}

static inline unsigned atomicInc(unsigned *at, unsigned limit)
{
    unsigned old = *at;

    *at = old >= limit ? 0 : old + 1;
    return old;
}

static inline void __threadfence(void)
{
}

static inline void __threadfence_block(void)
{
}

static inline int __popc(unsigned bits)
{
    return __builtin_popcount(bits);
}

static inline int __popcll(unsigned long long bits)
{
    return __builtin_popcountll(bits);
}

static inline int __ffs(int bits)
{
    return __builtin_ffs(bits);
}

static inline int __ffsll(long long bits)
{
    return __builtin_ffsll(bits);
}

static inline int __clz(int bits)
{
    return bits == 0 ? 32 : __builtin_clz((unsigned)bits);
}

static inline int __clzll(long long bits)
{
    return bits == 0 ? 64 : __builtin_clzll((unsigned long long)bits);
}

static inline unsigned __brev(unsigned bits)
{
    unsigned reversed = 0;

    for (int i = 0; i < 32; i++) {
        reversed |= (bits >> i & 1u) << (31 - i);
    }
    return reversed;
}

static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((uint64_t)a * b >> 32);
}

static inline unsigned long long __umul64hi(unsigned long long a,
                                            unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

template <typename to, typename from>
static inline to spar_emulated_cast(from a)
{
    to b;

    static_assert(sizeof(a) == sizeof(b), "the same bits");
    memcpy(&b, &a, sizeof(b));
    return b;
}

static inline unsigned __float_as_uint(float value)
{
    return spar_emulated_cast<unsigned>(value);
}

static inline int __float_as_int(float value)
{
    return spar_emulated_cast<int>(value);
}

static inline float __uint_as_float(unsigned bits)
{
    return spar_emulated_cast<float>(bits);
}

static inline float __int_as_float(int bits)
{
    return spar_emulated_cast<float>(bits);
}

static inline long long __double_as_longlong(double value)
{
    return spar_emulated_cast<long long>(value);
}

static inline double __longlong_as_double(long long bits)
{
    return spar_emulated_cast<double>(bits);
}

/* Rounded to the nearest, and never contracted. */
static inline float __fadd_rn(float a, float b)
{
    return a + b;
}

static inline float __fsub_rn(float a, float b)
{
    return a - b;
}

static inline float __fmul_rn(float a, float b)
{
    return a * b;
}

static inline double __dadd_rn(double a, double b)
{
    return a + b;
}

static inline double __dsub_rn(double a, double b)
{
    return a - b;
}

static inline double __dmul_rn(double a, double b)
{
    return a * b;
}

static inline double __ddiv_rn(double a, double b)
{
    return a / b;
}

static inline double __dsqrt_rn(double a)
{
    return __builtin_sqrt(a);
}

/* Hints to the caches. */
template <typename type> static inline type __ldg(const type *at)
{
    return *at;
}

template <typename type> static inline type __ldcs(const type *at)
{
    return *at;
}

template <typename type> static inline type __ldcg(const type *at)
{
    return *at;
}

template <typename type> static inline void __stcs(type *at, type value)
{
    *at = value;
}

template <typename type> static inline void __stcg(type *at, type value)
{
    *at = value;
}

template <typename type> static inline type min(type a, type b)
{
    return b < a ? b : a;
}

template <typename type> static inline type max(type a, type b)
{
    return a < b ? b : a;
}

#endif
