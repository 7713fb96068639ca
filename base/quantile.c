#include "base/quantile.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double spar_quantile(double *values, size_t count, double share)
{
    size_t rank = (size_t)(share * (double)(count - 1) + 0.5);

    qsort(values, count, sizeof(values[0]), compare_doubles);
    return values[rank];
}
