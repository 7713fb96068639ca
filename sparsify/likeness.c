#include "sparsify/likeness.h"

#include <math.h>

typedef struct sums {
    double vector2;
    double other2;
    double product;
    double difference2;
} sums_t;

static void add(sums_t *sums, double vector, double other)
{
    double difference = other - vector;

    sums->vector2 += vector * vector;
    sums->other2 += other * other;
    sums->product += vector * other;
    sums->difference2 += difference * difference;
}

bool spar_likeness_find(spar_dtype_t dtype, const void *vector,
                        const void *other, size_t count,
                        spar_likeness_t *likeness_p)
{
    sums_t sums = {0};
    double norms;

    if (dtype == SPAR_DTYPE_F64) {
        for (size_t i = 0; i < count; i++) {
            add(&sums, ((const double *)vector)[i], ((const double *)other)[i]);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            add(&sums, ((const float *)vector)[i], ((const float *)other)[i]);
        }
    }
    if (!(sums.vector2 > 0) || !isfinite(sums.vector2 + sums.other2)) {
        return false;
    }
    norms = sqrt(sums.vector2) * sqrt(sums.other2);
    likeness_p->difference = sqrt(sums.difference2 / sums.vector2);
    likeness_p->cosine = norms > 0 ? sums.product / norms : 0;
    return true;
}
