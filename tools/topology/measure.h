/* Spar: times messages between ranks of different and of the same host. */
#ifndef SPAR_TOOLS_TOPOLOGY_MEASURE_H
#define SPAR_TOOLS_TOPOLOGY_MEASURE_H

#include "tools/topology/job.h"

#include <mpi.h>

/*
 * Collective over MPI_COMM_WORLD; job->leaders is the same on every rank. In
 * each of the first SPAR_JOB_HOSTS hosts the first two ranks, and the first
 * ranks of each two hosts that follow one another, exchange messages of 8 bytes
 * and 1 MiB to and fro, one pair at a time while the others sleep, for
 * a fraction of a second each (longer only where 1 MiB takes that long). Fills
 * in the links on every rank; the best of the rounds counts, because all that
 * disturbs only adds time.
 */
void spar_measure_links(spar_job_t *job);

#endif
