/* The reference that the vector kernels are compared with, bit by bit, and
 * what they hand their last few elements to. */
#include "sparsify/kernels_internal.h"

#define KEY_INFINITY_f32 SPAR_KEY_INFINITY_F32
#define KEY_INFINITY_f64 SPAR_KEY_INFINITY_F64

#define REAL    float
#define INT     int32_t
#define NAME(x) x##_f32
#include "sparsify/kernels_scalar_body.h"
#undef REAL
#undef INT
#undef NAME

#define REAL    double
#define INT     int64_t
#define NAME(x) x##_f64
#include "sparsify/kernels_scalar_body.h"
#undef REAL
#undef INT
#undef NAME

#include "sparsify/kernels_half_body.h"
#include "sparsify/kernels_quantise_body.h"

const spar_kernels_t spar_kernels_scalar =
    SPAR_KERNELS_TABLE("scalar", spar_wire_kernels_scalar);
