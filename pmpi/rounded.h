/*
 * Spar: mode quantised, where the sums of float32 layers travel with fewer bits
 * (exchange/quantised.h) and nothing is owed afterwards. Rounding would ruin
 * what is not a gradient, so layers are watched as in mode auto, and the
 * guards of that mode hold.
 */
#ifndef SPAR_PMPI_ROUNDED_H
#define SPAR_PMPI_ROUNDED_H

#include "pmpi/comm.h"

/* With float32 values there is nothing to round: warns, and makes it mode
 * dense. An exchange by the ring would round nothing: warns, and ignores it. On
 * rank 0, before the settings are broadcast. */
void spar_rounded_settle(spar_config_t *config);

/* Why a layer cannot be exchanged in this mode; NULL: it can, or the mode is
 * another one. */
const char *spar_rounded_refusal(const spar_layer_t *layer);

/* Looks at the gradient, before the headers leave: the SPAR_WIRE_ flag that
 * makes the call dense, or 0. The selection, which the machine does not look
 * at, becomes empty. */
uint32_t spar_rounded_prepare(const float *gradient, uint64_t count,
                              spar_selection_t *selection);

#endif
