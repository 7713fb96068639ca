/* Spar: element types of the gradients that the sparse path can carry. */
#ifndef SPAR_BASE_DTYPE_H
#define SPAR_BASE_DTYPE_H

#include <stddef.h>

typedef enum spar_dtype {
    SPAR_DTYPE_F32 = 0,
    SPAR_DTYPE_F64 = 1
} spar_dtype_t;

/* Bytes of one element. The residual of a layer has the layer's own type. */
static inline size_t spar_dtype_size(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? 8 : 4;
}

static inline const char *spar_dtype_name(spar_dtype_t dtype)
{
    return dtype == SPAR_DTYPE_F64 ? "float64" : "float32";
}

#endif
