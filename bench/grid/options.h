/* bench_grid: options of the command line. */
#ifndef SPAR_BENCH_GRID_OPTIONS_H
#define SPAR_BENCH_GRID_OPTIONS_H

#include <stdbool.h>

#define MOST_CALLS 64

typedef struct options {
    bool plain;             /* a group per algorithm of Open MPI, in turn */
    int counts[MOST_CALLS]; /* floats of the calls of a step, in order */
    int calls;
    int warmup; /* steps before the first group */
    int groups;
    int steps; /* of a group */
    int drop;  /* of these, how many are not measured */
} options_t;

/* Collective: on a mistake it ends the process on all ranks, with words from
 * the one that `speaks`. */
options_t options_parse(int argc, char **argv, bool speaks);

#endif
