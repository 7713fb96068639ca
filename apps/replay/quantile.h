/* Quantiles of measurements. */
#ifndef REPLAY_QUANTILE_H
#define REPLAY_QUANTILE_H

/* Sorts the values; the smallest that at least `share` of them do not exceed,
 * 0 without values. */
double quantile(double *values, int count, double share);

#endif
