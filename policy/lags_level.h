/*
 * Spar: one level for many parts that each take in proportion to it, between
 * bounds (water-filling). What minimises a separable sum under one budget has
 * this form.
 */
#ifndef SPAR_POLICY_LAGS_LEVEL_H
#define SPAR_POLICY_LAGS_LEVEL_H

#include <stddef.h>

typedef struct spar_lags_part {
    double weight; /* > 0 */
    double least;  /* 0 < least <= most */
    double most;
} spar_lags_part_t;

/* The part's share at that level: level * weight, within its bounds. */
double spar_lags_part_at(const spar_lags_part_t *part, double level);

/* The level at which the parts add up to `sum`, to rounding; 0 if that is no
 * more than all at least, INFINITY if no less than all at most. */
double spar_lags_level(const spar_lags_part_t *parts, size_t count, double sum);

#endif
