/* Spar: fills and writes the report. */
#ifndef SPAR_PMPI_FINISH_H
#define SPAR_PMPI_FINISH_H

/* Collective over MPI_COMM_WORLD: the report of the whole run. All of these
 * write the rank's trace, too, if there is one. */
void spar_finish_report(void);

/* Local, on rank 0 of MPI_COMM_WORLD: what is known now; `reason` is put into
 * the notes. Does nothing before the start, and no report on other ranks. */
void spar_finish_partial(const char *reason);

/* The same on any rank when the job is being killed: ranks other than 0, which
 * may be the one that died, write a file of their own if SPAR_REPORT is one. */
void spar_finish_ended(const char *reason);

#endif
