/* Spar: one element of an application's buffer, for who looks at a few. */
#ifndef SPAR_POLICY_ELEMENT_H
#define SPAR_POLICY_ELEMENT_H

#include "base/half.h"

#include <stdint.h>

static inline double spar_element(spar_dtype_t dtype, const void *values,
                                  uint64_t index)
{
    if (spar_dtype_is_16(dtype)) {
        return spar_half_load(dtype, values, index);
    }
    return dtype == SPAR_DTYPE_F64 ? ((const double *)values)[index]
                                   : ((const float *)values)[index];
}

/* Index of the i-th of `samples` (2 or more) elements that lie spread over
 * `count`; the distance is no multiple of any usual row length. */
static inline uint64_t spar_element_sample(uint64_t i, uint64_t samples,
                                           uint64_t count)
{
    return (count - 1) * i / (samples - 1);
}

#endif
