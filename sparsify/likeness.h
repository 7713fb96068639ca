/* Spar: how like two vectors are: a sparse sum and the dense one. */
#ifndef SPAR_SPARSIFY_LIKENESS_H
#define SPAR_SPARSIFY_LIKENESS_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct spar_likeness {
    double difference; /* |other - vector| / |vector|, L2 norms */
    double cosine;     /* of the angle between them; 0 if `other` is zero */
} spar_likeness_t;

/* Sums in double precision. false: `vector` is zero, or one of them holds NaN
 * or Inf. */
bool spar_likeness_find(spar_dtype_t dtype, const void *vector,
                        const void *other, size_t count,
                        spar_likeness_t *likeness_p);

#endif
