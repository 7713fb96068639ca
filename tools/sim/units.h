/* Spar: numbers with units on the command line of `spar sim`. */
#ifndef SPAR_TOOLS_SIM_UNITS_H
#define SPAR_TOOLS_SIM_UNITS_H

#include <stdbool.h>

/* Ends with name NULL. The first one tells in words what is allowed. */
typedef struct sim_unit {
    const char *name;
    double factor;
    const char *what;
} sim_unit_t;

extern const sim_unit_t sim_units_seconds[]; /* in seconds */
extern const sim_unit_t sim_units_rate[];    /* in bytes per second */
extern const sim_unit_t sim_units_count[];   /* k, M, G are decimal */
extern const sim_unit_t sim_units_share[];   /* of one, or in percent */

/* A finite decimal number >= 0 and one of the units. */
bool sim_units_parse(const char *text, const sim_unit_t *units,
                     double *value_p);

#endif
