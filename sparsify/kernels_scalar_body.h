/*
 * Spar: the scalar kernels of one element type. No include guard: included
 * once per type with REAL, INT and NAME(x) defined.
 */

/* Elements that are tested together; the compiler turns the test into the
 * vector instructions that every processor of the platform has. */
#define NAME_BLOCK 32

static inline REAL NAME(acc)(const REAL *gradient, const REAL *residual,
                             size_t i)
{
    return residual == NULL ? gradient[i] : gradient[i] + residual[i];
}

static bool NAME(block_has)(const REAL *gradient, const REAL *residual,
                            INT below)
{
    int any = 0;
    size_t i;

    if (residual == NULL) {
        for (i = 0; i < NAME_BLOCK; i++) {
            any |= NAME(spar_key)(gradient[i]) > below;
        }
    } else {
        for (i = 0; i < NAME_BLOCK; i++) {
            any |= NAME(spar_key)(gradient[i] + residual[i]) > below;
        }
    }
    return any != 0;
}

static void NAME(add)(const REAL *gradient, const REAL *residual, size_t n,
                      REAL *sum)
{
    size_t i;

    if (residual == NULL) {
        memcpy(sum, gradient, n * sizeof(*sum));
        return;
    }
    for (i = 0; i < n; i++) {
        sum[i] = gradient[i] + residual[i];
    }
}

static size_t NAME(scan)(const REAL *gradient, const REAL *residual, size_t n,
                         REAL threshold, uint32_t first, size_t capacity,
                         uint32_t *indices, REAL *values, REAL *sum,
                         bool *nonfinite_p)
{
    const INT below = NAME(spar_key)(threshold) - 1;
    size_t found = 0;
    size_t i = 0;

    if (sum != NULL) {
        NAME(add)(gradient, residual, n, sum);
        gradient = sum;
        residual = NULL;
    }
    while (i < n) {
        if (i % NAME_BLOCK == 0 && n - i >= NAME_BLOCK &&
            !NAME(block_has)(gradient + i,
                             residual == NULL ? NULL : residual + i, below)) {
            i += NAME_BLOCK;
            continue;
        }
        REAL acc = NAME(acc)(gradient, residual, i);
        INT key = NAME(spar_key)(acc);

        if (key > below) {
            if (key >= NAME(KEY_INFINITY)) {
                *nonfinite_p = true;
            }
            if (found < capacity) {
                indices[found] = first + (uint32_t)i;
                values[found] = acc;
            }
            found++;
        }
        i++;
    }
    return found;
}

static size_t NAME(count)(const REAL *gradient, const REAL *residual, size_t n,
                          REAL threshold)
{
    const INT below = NAME(spar_key)(threshold);
    size_t found = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        found += NAME(spar_key)(NAME(acc)(gradient, residual, i)) > below;
    }
    return found;
}

static void NAME(moments_block)(const REAL *gradient, const REAL *residual,
                                size_t begin, size_t end,
                                spar_moment_lanes_t *lanes)
{
    while (begin < end) {
        spar_moment_lanes_t chunk = {{0.0}, {0.0}};
        size_t left = end - begin;
        size_t n = left < SPAR_MOMENT_CHUNK ? left : SPAR_MOMENT_CHUNK;
        size_t i;

        for (i = 0; i < n; i++) {
            spar_moments_add(&chunk, i,
                             (double)NAME(acc)(gradient, residual, begin + i));
        }
        spar_moments_join(lanes, &chunk);
        begin += n;
    }
}

static void NAME(moments)(const REAL *gradient, const REAL *residual, size_t n,
                          spar_moments_t *moments_p)
{
    spar_moment_slots_t slots = {{0.0}, {0.0}};
    size_t begin;

    for (begin = 0; begin < n; begin += SPAR_MOMENT_BLOCK) {
        spar_moment_lanes_t lanes = {{0.0}, {0.0}};
        size_t left = n - begin;

        NAME(moments_block)
        (gradient, residual, begin,
         begin + (left < SPAR_MOMENT_BLOCK ? left : SPAR_MOMENT_BLOCK), &lanes);
        spar_moments_enter(&slots, begin / SPAR_MOMENT_BLOCK, &lanes);
    }
    *moments_p = spar_moments_combine(&slots);
}

static void NAME(commit)(REAL *residual, const REAL *gradient, REAL *out,
                         size_t n)
{
    size_t i;

    if (out == NULL) {
        for (i = 0; i < n; i++) {
            residual[i] = gradient[i] + residual[i];
        }
        return;
    }
    for (i = 0; i < n; i++) {
        residual[i] = gradient[i] + residual[i];
        out[i] = (REAL)0;
    }
}

static void NAME(clear)(REAL *out, size_t n)
{
    memset(out, 0, n * sizeof(*out));
}

#undef NAME_BLOCK
