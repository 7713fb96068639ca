/*
 * Spar: the loops over whole layers, one table per instruction set. The
 * fastest set that the processor has is chosen once; all sets give bitwise
 * the same results, the scalar set is the reference.
 */
#ifndef SPAR_SPARSIFY_KERNELS_H
#define SPAR_SPARSIFY_KERNELS_H

#include "sparsify/selection.h"

/*
 * Sum and sum of squares of gradient + residual. The order of the additions is
 * part of the definition, such that processors and GPUs can both follow it at
 * the speed of their memory:
 *   A chunk has 256 elements, of which number i goes to accumulator i mod 16.
 *   A block has 16 chunks, whose accumulators are added in their order, and
 *   these then pairwise (i + 8, i + 4, i + 2, i + 1).
 *   Block b goes to slot b mod 256; these, too, are added pairwise in the end.
 */
#define SPAR_MOMENT_LANES 16
#define SPAR_MOMENT_CHUNK 256
#define SPAR_MOMENT_BLOCK 4096
#define SPAR_MOMENT_SLOTS 256
typedef struct spar_moments {
    double sum;
    double sum2;
} spar_moments_t;

/* The loops of the wire block: sparsify/wire_kernels.h. */
typedef struct spar_wire_kernels spar_wire_kernels_t;

typedef struct spar_kernels {
    const char *name;
    const spar_wire_kernels_t *wire;
    /*
     * acc = gradient + residual, elementwise; residual may be NULL (zeros).
     * Writes index (`first` for element 0) and value of every |acc| >=
     * threshold, in order, as long as there is room for `capacity` entries,
     * and returns how many there are in all. Not one byte is written beyond
     * the capacity. *nonfinite_p becomes true when any acc is NaN or
     * infinite, else it is left alone; such elements are entries themselves.
     * The threshold is >= 0 and not NaN.
     * `sum` (NULL: not wanted) gets all n of acc; of a NaN, that it is one. It
     * overlaps no other array, and is taken to be too large for the caches.
     */
    size_t (*scan_f32)(const float *gradient, const float *residual, size_t n,
                       float threshold, uint32_t first, size_t capacity,
                       uint32_t *indices, float *values, float *sum,
                       bool *nonfinite_p);
    size_t (*scan_f64)(const double *gradient, const double *residual, size_t n,
                       double threshold, uint32_t first, size_t capacity,
                       uint32_t *indices, double *values, double *sum,
                       bool *nonfinite_p);
    /* How many |acc| > threshold; NaN counts. */
    size_t (*count_f32)(const float *gradient, const float *residual, size_t n,
                        float threshold);
    size_t (*count_f64)(const double *gradient, const double *residual,
                        size_t n, double threshold);
    void (*moments_f32)(const float *gradient, const float *residual, size_t n,
                        spar_moments_t *moments_p);
    void (*moments_f64)(const double *gradient, const double *residual,
                        size_t n, spar_moments_t *moments_p);
    /* residual += gradient; out = 0 unless out is NULL. out may be gradient. */
    void (*commit_f32)(float *residual, const float *gradient, float *out,
                       size_t n);
    void (*commit_f64)(double *residual, const double *gradient, double *out,
                       size_t n);
    /* out = 0, which is taken to be too large for the caches. */
    void (*clear_f32)(float *out, size_t n);
    void (*clear_f64)(double *out, size_t n);
    /* Between 16-bit floats, which may lie at any address, and float32
     * elsewhere (sparsify/narrow.h). */
    void (*widen_f16)(const void *from, float *to, size_t n);
    void (*widen_bf16)(const void *from, float *to, size_t n);
    void (*narrow_f16)(const float *from, void *to, size_t n);
    void (*narrow_bf16)(const float *from, void *to, size_t n);
    /* The largest magnitude's pattern, without its sign; 0 without elements. */
    uint32_t (*largest_f32)(const float *from, size_t n);
    /* Whole arrays with fewer bits: sparsify/quantise.h. */
    void (*quantise)(spar_values_t values, const float *from, size_t n,
                     uint64_t seed, uint64_t group, unsigned char *payload);
    void (*quantise_get)(spar_values_t values, const unsigned char *payload,
                         size_t n, float *to);
    void (*quantise_add)(spar_values_t values, const unsigned char *payload,
                         size_t n, float *sum);
} spar_kernels_t;

/* The table in use. Thread-safe; never NULL. */
const spar_kernels_t *spar_kernels(void);
/* From now on uses the set of this name ("auto": the fastest).
 * SPAR_ERR_INVALID: unknown, or not on this processor. */
spar_status_t spar_kernels_use(const char *name);
/* The table of a set by name; NULL: unknown or not on this processor. */
const spar_kernels_t *spar_kernels_find(const char *name);

#endif
