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

/* Some elements of a buffer: rows of `width` neighbours, one every `stride`
 * elements. Who cannot read the buffer itself copies the rows, one after the
 * other. */
typedef struct spar_element_rows {
    uint64_t number;
    uint64_t width;
    uint64_t stride;
} spar_element_rows_t;

/* `samples` (2 or more) elements that lie spread over `count`, evenly; the
 * distance is no multiple of any usual row length. Or all, where these are not
 * more. */
static inline spar_element_rows_t spar_element_spread(uint64_t samples,
                                                      uint64_t count)
{
    return count > samples
               ? (spar_element_rows_t){samples, 1, (count - 1) / (samples - 1)}
               : (spar_element_rows_t){1, count, count};
}

/* Index of the i-th of such `samples` elements; the last one again where there
 * are not so many. */
static inline uint64_t spar_element_sample(uint64_t i, uint64_t samples,
                                           uint64_t count)
{
    return count > samples ? (count - 1) / (samples - 1) * i
           : i < count     ? i
                           : count - 1;
}

#endif
