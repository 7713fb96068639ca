/*
 * Spar: where a rank's files of residuals lie: DIRECTORY/spar-rank-N.state, the
 * latest, and beside it, unless all ranks are known to have theirs, the one of
 * the save before (.previous). A new one is written beside them (.tmp) and then
 * takes the first place, so that there is always a whole one or none, and never
 * more than two files.
 */
#ifndef SPAR_REPORT_STATE_PLACE_H
#define SPAR_REPORT_STATE_PLACE_H

#include "base/status.h"

#include <stdio.h>

typedef enum spar_state_place {
    SPAR_STATE_LATEST,
    SPAR_STATE_PREVIOUS,
    SPAR_STATE_PLACES
} spar_state_place_t;

/* To read. NULL: errno tells why. */
FILE *spar_state_place_open(const char *directory, int rank,
                            spar_state_place_t place);

/* A new file, empty, beside the others. NULL: errno tells why. */
FILE *spar_state_place_create(const char *directory, int rank);

/* The new file, which is closed, is the latest one; the one that was is the
 * previous one. SPAR_ERR_IO: errno tells why, and all is as it was. */
spar_status_t spar_state_place_commit(const char *directory, int rank);

/* Removes the previous one, if there is any: to make room for another save, or
 * because all ranks have the latest. */
void spar_state_place_forget(const char *directory, int rank);

/* The previous one is the latest again: not all ranks have the other. */
void spar_state_place_step_back(const char *directory, int rank);

/* Removes the new file. */
void spar_state_place_discard(const char *directory, int rank);

/* Not all ranks could save: the latest is renamed (.before) and the previous
 * one is removed, because the run that they belong to has gone on. Nothing
 * happens if there is none. */
void spar_state_place_set_aside(const char *directory, int rank);

#endif
