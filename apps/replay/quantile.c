#include "quantile.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

double quantile(double *values, int count, double share)
{
    int place = (int)ceil(share * count) - 1;

    if (count <= 0)
        return 0;
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[place < 0 ? 0 : place];
}
