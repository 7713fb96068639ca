#include "sparsify/scale.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* One loop for both types; written so that the compiler can use vectors, which
 * it cannot with a way out of the loop. */
#define BOTH(dtype, LOOP)                                                      \
    do {                                                                       \
        if ((dtype) == SPAR_DTYPE_F64) {                                       \
            LOOP(double, double *, fabs, DBL_MAX)                              \
        } else {                                                               \
            LOOP(float, float *, fabsf, FLT_MAX)                               \
        }                                                                      \
    } while (0)

#define FITS(type, pointer, magnitude, most)                                   \
    const type *x = values;                                                    \
    type factor = (type)ranks;                                                 \
    for (size_t i = 0; i < count; i++) {                                       \
        bad |= !(magnitude(x[i] * factor) <= (most));                          \
    }

#define FITS_JOINED(type, pointer, magnitude, most)                            \
    const type *x = values, *c = carry;                                        \
    type factor = (type)ranks;                                                 \
    for (size_t i = 0; i < count; i++) {                                       \
        bad |= !(magnitude((x[i] + c[i]) * factor) <= (most));                 \
    }

bool spar_scale_fits(spar_dtype_t dtype, const void *values, const void *carry,
                     int ranks, size_t count)
{
    int bad = 0;

    if (carry == NULL) {
        BOTH(dtype, FITS);
    } else {
        BOTH(dtype, FITS_JOINED);
    }
    return bad == 0;
}

#define DELIVER(type, pointer, magnitude, most)                                \
    const type *x = values;                                                    \
    pointer to = out;                                                          \
    type factor = (type)ranks;                                                 \
    for (size_t i = 0; i < count; i++) {                                       \
        to[i] = x[i] * factor;                                                 \
    }

void spar_scale_deliver(spar_dtype_t dtype, const void *values, int ranks,
                        void *out, size_t count)
{
    BOTH(dtype, DELIVER);
}

#define JOIN(type, pointer, magnitude, most)                                   \
    const type *x = values, *c = carry;                                        \
    pointer to = out;                                                          \
    for (size_t i = 0; i < count; i++) {                                       \
        to[i] = x[i] + c[i];                                                   \
    }

void spar_scale_join(spar_dtype_t dtype, const void *values, const void *carry,
                     void *out, size_t count)
{
    BOTH(dtype, JOIN);
}

#define SETTLE(type, pointer, magnitude, most)                                 \
    pointer to = sum;                                                          \
    pointer c = carry;                                                         \
    type factor = (type)ranks;                                                 \
    for (size_t i = 0; i < count; i++) {                                       \
        to[i] -= c[i] * factor;                                                \
    }

void spar_scale_settle(spar_dtype_t dtype, void *sum, void *carry, int ranks,
                       size_t count)
{
    BOTH(dtype, SETTLE);
    memset(carry, 0, count * spar_dtype_size(dtype));
}
