/*
 * Spar: where a rank's file of residuals lies: DIRECTORY/spar-rank-N.state. A
 * new one is written beside it (.tmp) and then takes its place, so that there
 * is always a whole one or none.
 */
#ifndef SPAR_REPORT_STATE_PLACE_H
#define SPAR_REPORT_STATE_PLACE_H

#include "base/status.h"

#include <stdio.h>

/* The present file, to read. NULL: errno tells why. */
FILE *spar_state_place_open(const char *directory, int rank);

/* A new file, empty, beside the present one. NULL: errno tells why. */
FILE *spar_state_place_create(const char *directory, int rank);

/* The new file, which is closed, takes the place. SPAR_ERR_IO: errno tells why,
 * and all is as it was. */
spar_status_t spar_state_place_commit(const char *directory, int rank);

/* Removes the new file. */
void spar_state_place_discard(const char *directory, int rank);

/* There is no new file: the present one is renamed (.before), because the run
 * that it belongs to has gone on. Nothing happens if there is none. */
void spar_state_place_set_aside(const char *directory, int rank);

#endif
