/*
 * Spar: a job that is ended from outside. When a rank dies, mpirun sends
 * SIGTERM to the others; rank 0 then writes what is known of the run before it
 * ends as it would have. Only where the application leaves SIGTERM alone.
 */
#ifndef SPAR_PMPI_ENDED_H
#define SPAR_PMPI_ENDED_H

#include <stdbool.h>

void spar_ended_watch(void);
void spar_ended_unwatch(void);

/* After the helper has ended: a signal that came too late for its report ends
 * the process now. */
void spar_ended_catch_up(void);

/* Whether the signal has come. */
bool spar_ended_is_due(void);

/* In the helper thread: writes the report and ends the process by the signal.
 */
void spar_ended_report(void);

#endif
