/*
 * Spar: the vector kernels of one element type on one instruction set. No
 * include guard. The including file defines
 *
 *   REAL, INT, NAME(x), LANES  element type, integer of its size, suffix,
 *                              elements per vector
 *   VEC, MASK                  vector of LANES elements, result of a comparison
 *   NAME(load), NAME(store), NAME(add), NAME(zero)
 *   NAME(stream)(to, vec)      stores past the caches, where `to` is aligned
 *   stream_end()               after the last one
 *   NAME(above)(vec, below)    MASK of the lanes with key(|x|) > below
 *   mask_or, mask_any, NAME(bits)(mask)
 *   NAME(compress)(vec, bits, index, indices, values)
 *                              the lanes in bits, in order, moved to the front
 *                              of LANES (at most 16) indices and values
 *   MOMENT_VEC                 vector of MOMENT_LANES doubles
 *   NAME(moments_row)          adds SPAR_MOMENT_LANES elements
 *   moments_zero, moments_store
 */

/* Vectors that are tested for entries together: at the densities of interest
 * nearly all such blocks hold none. */
#define BLOCK_VECTORS 4
#define BLOCK         (BLOCK_VECTORS * LANES)
#define MOMENT_VECS   (SPAR_MOMENT_LANES / MOMENT_LANES)

static inline VEC NAME(acc)(const REAL *gradient, const REAL *residual,
                            size_t i)
{
    VEC acc = NAME(load)(gradient + i);

    return residual == NULL ? acc : NAME(add)(acc, NAME(load)(residual + i));
}

static inline const REAL *NAME(offset)(const REAL *array, size_t i)
{
    return array == NULL ? NULL : array + i;
}

/* Stores whole vectors, because storing only the lanes that count is slow on
 * several processors; what lies behind the end is overwritten by the next
 * entries. Only the last few places need care. */
static inline size_t NAME(emit)(VEC acc, unsigned bits, uint32_t index,
                                size_t found, size_t capacity,
                                uint32_t *indices, REAL *values)
{
    size_t end = found + (size_t)__builtin_popcount(bits);

    if (found + LANES <= capacity) {
        NAME(compress)(acc, bits, index, indices + found, values + found);
    } else if (found < capacity) {
        uint32_t some_indices[LANES];
        REAL some_values[LANES];
        size_t room = (end < capacity ? end : capacity) - found;

        NAME(compress)(acc, bits, index, some_indices, some_values);
        memcpy(indices + found, some_indices, room * sizeof(*indices));
        memcpy(values + found, some_values, room * sizeof(*values));
    }
    return end;
}

/* Elements in front of the first place at which vectors are aligned; all, where
 * there is none because the elements are not. NULL: 0. */
static inline size_t NAME(lead)(const REAL *array, size_t n)
{
    size_t bytes = -(uintptr_t)array % sizeof(VEC);
    size_t lead = bytes / sizeof(REAL);

    return lead < n && bytes % sizeof(REAL) == 0 ? lead : n;
}

/* Inlined twice: the usual scan has no sum. */
static inline __attribute__((always_inline)) size_t NAME(scan_with)(
    const REAL *gradient, const REAL *residual, size_t n, REAL threshold,
    uint32_t first, size_t capacity, uint32_t *indices, REAL *values, REAL *sum,
    bool *nonfinite_p)
{
    const INT below = NAME(spar_key)(threshold) - 1;
    size_t i = NAME(lead)(sum, n);
    size_t found = 0;
    size_t written;

    if (i > 0) {
        found = spar_kernels_scalar.NAME(scan)(gradient, residual, i, threshold,
                                               first, capacity, indices, values,
                                               sum, nonfinite_p);
    }
    for (; i + BLOCK <= n; i += BLOCK) {
        VEC acc[BLOCK_VECTORS];
        MASK above[BLOCK_VECTORS];
        size_t v;

        for (v = 0; v < BLOCK_VECTORS; v++) {
            acc[v] = NAME(acc)(gradient, residual, i + LANES * v);
            above[v] = NAME(above)(acc[v], below);
            if (sum != NULL) {
                NAME(stream)(sum + i + LANES * v, acc[v]);
            }
        }
        if (__builtin_expect(!mask_any(mask_or(mask_or(above[0], above[1]),
                                               mask_or(above[2], above[3]))),
                             1)) {
            continue;
        }
        for (v = 0; v < BLOCK_VECTORS; v++) {
            if (mask_any(NAME(above)(acc[v], NAME(KEY_INFINITY) - 1))) {
                *nonfinite_p = true;
            }
            if (mask_any(above[v])) {
                found = NAME(emit)(acc[v], NAME(bits)(above[v]),
                                   first + (uint32_t)(i + LANES * v), found,
                                   capacity, indices, values);
            }
        }
    }
    if (sum != NULL) {
        stream_end();
    }
    written = found < capacity ? found : capacity;
    return found + spar_kernels_scalar.NAME(scan)(
                       gradient + i, NAME(offset)(residual, i), n - i,
                       threshold, first + (uint32_t)i, capacity - written,
                       indices + written, values + written,
                       sum == NULL ? NULL : sum + i, nonfinite_p);
}

static size_t NAME(scan)(const REAL *gradient, const REAL *residual, size_t n,
                         REAL threshold, uint32_t first, size_t capacity,
                         uint32_t *indices, REAL *values, REAL *sum,
                         bool *nonfinite_p)
{
    return sum == NULL
               ? NAME(scan_with)(gradient, residual, n, threshold, first,
                                 capacity, indices, values, NULL, nonfinite_p)
               : NAME(scan_with)(gradient, residual, n, threshold, first,
                                 capacity, indices, values, sum, nonfinite_p);
}

static size_t NAME(count)(const REAL *gradient, const REAL *residual, size_t n,
                          REAL threshold)
{
    const INT below = NAME(spar_key)(threshold);
    size_t found = 0;
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        found += (size_t)__builtin_popcount(
            NAME(bits)(NAME(above)(NAME(acc)(gradient, residual, i), below)));
    }
    return found + spar_kernels_scalar.NAME(count)(gradient + i,
                                                   NAME(offset)(residual, i),
                                                   n - i, threshold);
}

/* Adds a whole chunk. */
static inline void NAME(moments_chunk)(const REAL *gradient,
                                       const REAL *residual, size_t begin,
                                       spar_moment_lanes_t *chunk)
{
    MOMENT_VEC sum[MOMENT_VECS], sum2[MOMENT_VECS];
    size_t i, v;

    for (v = 0; v < MOMENT_VECS; v++) {
        sum[v] = moments_zero();
        sum2[v] = moments_zero();
    }
    for (i = 0; i < SPAR_MOMENT_CHUNK; i += SPAR_MOMENT_LANES) {
        NAME(moments_row)(gradient, residual, begin + i, sum, sum2);
    }
    for (v = 0; v < MOMENT_VECS; v++) {
        moments_store(chunk->sum + MOMENT_LANES * v, sum[v]);
        moments_store(chunk->sum2 + MOMENT_LANES * v, sum2[v]);
    }
}

/* What is left of the layer behind the last whole chunk. */
static inline void NAME(moments_rest)(const REAL *gradient,
                                      const REAL *residual, size_t begin,
                                      size_t n, spar_moment_lanes_t *lanes)
{
    spar_moment_lanes_t chunk = {{0.0}, {0.0}};
    size_t i;

    for (i = begin; i < n; i++) {
        REAL acc = residual == NULL ? gradient[i] : gradient[i] + residual[i];

        spar_moments_add(&chunk, i, (double)acc);
    }
    spar_moments_join(lanes, &chunk);
}

static void NAME(moments)(const REAL *gradient, const REAL *residual, size_t n,
                          spar_moments_t *moments_p)
{
    spar_moment_slots_t slots = {{0.0}, {0.0}};
    size_t begin;

    for (begin = 0; begin < n; begin += SPAR_MOMENT_BLOCK) {
        spar_moment_lanes_t lanes = {{0.0}, {0.0}};
        size_t left = n - begin;
        size_t end =
            begin + (left < SPAR_MOMENT_BLOCK ? left : SPAR_MOMENT_BLOCK);
        size_t i;

        for (i = begin; i + SPAR_MOMENT_CHUNK <= end; i += SPAR_MOMENT_CHUNK) {
            spar_moment_lanes_t chunk;

            NAME(moments_chunk)(gradient, residual, i, &chunk);
            spar_moments_join(&lanes, &chunk);
        }
        NAME(moments_rest)(gradient, residual, i, end, &lanes);
        spar_moments_enter(&slots, begin / SPAR_MOMENT_BLOCK, &lanes);
    }
    *moments_p = spar_moments_combine(&slots);
}

static void NAME(commit)(REAL *residual, const REAL *gradient, REAL *out,
                         size_t n)
{
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        NAME(store)(residual + i, NAME(acc)(gradient, residual, i));
        if (out != NULL) {
            NAME(store)(out + i, NAME(zero)());
        }
    }
    spar_kernels_scalar.NAME(commit)(residual + i, gradient + i,
                                     out == NULL ? NULL : out + i, n - i);
}

static void NAME(clear)(REAL *out, size_t n)
{
    size_t i = NAME(lead)(out, n);

    spar_kernels_scalar.NAME(clear)(out, i);
    for (; i + LANES <= n; i += LANES) {
        NAME(stream)(out + i, NAME(zero)());
    }
    stream_end();
    spar_kernels_scalar.NAME(clear)(out + i, n - i);
}

#undef BLOCK_VECTORS
#undef BLOCK
#undef MOMENT_VECS
