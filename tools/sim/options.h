/* Spar: what `spar sim` is asked for. */
#ifndef SPAR_TOOLS_SIM_OPTIONS_H
#define SPAR_TOOLS_SIM_OPTIONS_H

#include "policy/model.h"

#define SIM_RANKS_MOST 64

typedef struct sim_options {
    spar_model_t model;
    spar_model_shape_t shape; /* ranks and nodes left out */
    int ranks[SIM_RANKS_MOST];
    unsigned rank_count;
    int per_node;
} sim_options_t;

/* Ends the process with one line on stderr and code 2 on a mistake. */
void sim_options_read(int argc, char **argv, sim_options_t *options_p);

#endif
