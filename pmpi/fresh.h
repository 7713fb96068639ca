/*
 * Spar: a second array beside the residual of a large layer. The selection
 * leaves gradient + residual there in its own sweep; when the call is over,
 * that is the residual, and the old one is the second array of the next call.
 * Until then the residual is what it was, and stays it when the call has no
 * result. Without such an array, the exchange updates the residual in a second
 * sweep; the results are the same, so that each rank decides for itself.
 */
#ifndef SPAR_PMPI_FRESH_H
#define SPAR_PMPI_FRESH_H

#include "pmpi/layer.h"

/* Allocates the array of a layer that has a residual, if that pays, and if
 * there is much more memory: asked once in the residual's life. */
void spar_fresh_prepare(spar_layer_t *layer);

/* The same where the call cannot do without. false: out of memory. */
bool spar_fresh_demand(spar_layer_t *layer);

/* The exchange has settled what is in the second array: it is the residual. */
void spar_fresh_take(spar_layer_t *layer);

/* Together with the residual. */
void spar_fresh_move(spar_layer_t *to, spar_layer_t *from);
void spar_fresh_cleanup(spar_layer_t *layer);

#endif
