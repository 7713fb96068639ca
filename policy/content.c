#include "policy/content.h"

#include <math.h>

/* An element that changes by less than this share hardly changes; one step of
 * training changes parameters by about 1e-3. */
#define SMALL_CHANGE 0.05
/* That share of the elements must hardly change. */
#define MOST_ELEMENTS 0.9

static double element(spar_dtype_t dtype, const void *values, uint64_t index)
{
    return dtype == SPAR_DTYPE_F64 ? ((const double *)values)[index]
                                   : ((const float *)values)[index];
}

void spar_content_look(spar_content_t *content, spar_dtype_t dtype,
                       const void *result, uint64_t count)
{
    unsigned compared = 0, small = 0;

    for (uint64_t i = 0; i < SPAR_CONTENT_SAMPLES; i++) {
        /* Not a multiple of any usual row length. */
        uint64_t index = (count - 1) * i / (SPAR_CONTENT_SAMPLES - 1);
        double value = element(dtype, result, index);
        double last = content->last[i];

        /* Elements that are zero both times (unused inputs) tell nothing. */
        if (content->looks > 0 && (value != 0 || last != 0)) {
            compared++;
            small += fabs(value - last) <= SMALL_CHANGE * fabs(last);
        }
        content->last[i] = value;
    }
    if (compared > 0 && small >= MOST_ELEMENTS * compared) {
        content->steady++;
    }
    content->looks++;
}

bool spar_content_is_steady(const spar_content_t *content)
{
    return content->looks >= SPAR_CONTENT_LOOKS &&
           content->steady == content->looks - 1;
}
