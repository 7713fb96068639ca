/* Spar: what a layer of periodic exchanges holds (pmpi/periodic.h). */
#ifndef SPAR_PMPI_PERIODIC_LAYER_H
#define SPAR_PMPI_PERIODIC_LAYER_H

#include "policy/average.h"

#include <stdbool.h>

typedef struct spar_periodic_layer {
    bool on;       /* agreed: its calls skip exchanges */
    bool carries;  /* agreed: they are gradients, and what is skipped is made
                      up for */
    int divides;   /* agreed: 1, or 0; negative: some rank could not look */
    void *carry;   /* what this rank has skipped; NULL: nothing yet */
    bool is_owing; /* that is not all 0 */
    spar_average_t average; /* since it is watched */
} spar_periodic_layer_t;

struct spar_layer;

/* Frees all; warns of gradients that have not been made up for. */
void spar_periodic_layer_retire(struct spar_layer *layer);
void spar_periodic_layer_cleanup(struct spar_layer *layer);
/* `to` is the same layer in a new sequence. */
void spar_periodic_layer_move(struct spar_layer *to, struct spar_layer *from);
size_t spar_periodic_layer_bytes(const struct spar_layer *layer);

#endif
