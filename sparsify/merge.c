#include "sparsify/merge.h"

#include <string.h>

#define REAL    float
#define BITS    uint32_t
#define NAME(x) x##_f32
#include "sparsify/merge_body.h"
#undef REAL
#undef BITS
#undef NAME

#define REAL    double
#define BITS    uint64_t
#define NAME(x) x##_f64
#include "sparsify/merge_body.h"

spar_status_t spar_merge_add(const spar_selection_t *a,
                             const spar_selection_t *b, spar_selection_t *out_p)
{
    size_t count;

    if (a->dtype != b->dtype ||
        (out_p->width < spar_dtype_size(a->dtype) && out_p->capacity > 0)) {
        return SPAR_ERR_INVALID;
    }
    count =
        a->dtype == SPAR_DTYPE_F64
            ? merge_f64(a, b, out_p->capacity, out_p->indices, out_p->values)
            : merge_f32(a, b, out_p->capacity, out_p->indices, out_p->values);
    if (count == SIZE_MAX) {
        return SPAR_ERR_INVALID;
    }
    out_p->count = count;
    out_p->dtype = a->dtype;
    out_p->travels = spar_values_native(a->dtype);
    return SPAR_OK;
}
