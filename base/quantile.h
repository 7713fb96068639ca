/* Spar: order statistics of a few measured values. */
#ifndef SPAR_BASE_QUANTILE_H
#define SPAR_BASE_QUANTILE_H

#include <stddef.h>

/* The value below which the given share (0 to 1) of `count` >= 1 values lies;
 * 0.5 is the upper median. Sorts the values. */
double spar_quantile(double *values, size_t count, double share);

#endif
