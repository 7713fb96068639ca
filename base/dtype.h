/* Spar: element types. Buffers of the application hold any of them; residuals,
 * selections and wire blocks only the first two, see spar_dtype_wide. */
#ifndef SPAR_BASE_DTYPE_H
#define SPAR_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum spar_dtype {
    SPAR_DTYPE_F32 = 0,
    SPAR_DTYPE_F64 = 1,
    SPAR_DTYPE_F16 = 2,   /* IEEE half */
    SPAR_DTYPE_BF16 = 3,  /* upper half of a float32 */
    SPAR_DTYPE_BITS16 = 4 /* 16 bits of which it is not known what they are */
} spar_dtype_t;

static inline bool spar_dtype_is_16(spar_dtype_t dtype)
{
    return dtype != SPAR_DTYPE_F32 && dtype != SPAR_DTYPE_F64;
}

/* Bytes of one element. */
static inline size_t spar_dtype_size(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? 8 : dtype == SPAR_DTYPE_F32 ? 4 : 2;
}

/* What a layer of that type is summed in; its residual has this type, too. */
static inline spar_dtype_t spar_dtype_wide(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
}

static inline const char *spar_dtype_name(spar_dtype_t dtype)
{
    static const char *const names[] = {"float32", "float64", "float16",
                                        "bfloat16", "16 bits"};

    return names[dtype];
}

#endif
