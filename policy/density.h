/* Spar: how many entries of a layer leave in a step. */
#ifndef SPAR_POLICY_DENSITY_H
#define SPAR_POLICY_DENSITY_H

#include "policy/config.h"

/* The density that holds in the given step (0: the first sparse one): the
 * values of SPAR_DENSITY for SPAR_RAMP_STEPS each, the last one for good. */
double spar_density_at(const spar_config_t *config, uint64_t step);

/* First step in which the last value of the ramp holds. */
uint64_t spar_density_ramp_end(const spar_config_t *config);

/* The largest value of the ramp. */
double spar_density_most(const spar_config_t *config);

/* Entries to send out of `count` elements: rounded, 1 to count. */
uint64_t spar_density_entries(double density, uint64_t count);

#endif
