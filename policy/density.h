/* Spar: how many entries of a layer leave in a step. */
#ifndef SPAR_POLICY_DENSITY_H
#define SPAR_POLICY_DENSITY_H

#include "policy/config.h"

#include <stdbool.h>

/* Whether densities differ between layers and are set anew while the job runs,
 * by a rule that SPAR_DENSITY names (policy/lags.h). */
bool spar_density_has_rule(const spar_config_t *config);

/* The density that holds in the given step (0: the first sparse one): the
 * values of SPAR_DENSITY for SPAR_RAMP_STEPS each, the last one for good. With
 * a rule: that of layers for which it has not been solved yet,
 * SPAR_DENSITY_BASE within the bounds. */
double spar_density_at(const spar_config_t *config, uint64_t step);

/* The one that stays. */
double spar_density_last(const spar_config_t *config);

/* First step in which the last value of the ramp holds. */
uint64_t spar_density_ramp_end(const spar_config_t *config);

/* The largest that any layer may have. */
double spar_density_most(const spar_config_t *config);

/* With a rule: the largest that a layer may have whose exchange gains time up
 * to the density `worth`. Not below the one of the first sparse steps, whose
 * error is what may be left: a layer that gains nothing there is one to be
 * dense, not one to send next to nothing. */
double spar_density_limit(const spar_config_t *config, double worth);

/* Entries to send out of `count` elements: rounded, 1 to count. */
uint64_t spar_density_entries(double density, uint64_t count);

#endif
