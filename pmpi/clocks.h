/* Spar: the clocks of the ranks' hosts, which start at different times. */
#ifndef SPAR_PMPI_CLOCKS_H
#define SPAR_PMPI_CLOCKS_H

/* What this process' clock (base/clock.h) shows at MPI_Init. */
typedef struct spar_clocks {
    double origin; /* seconds of this clock when rank 0 was in MPI_Init */
    double offset; /* seconds that rank 0's clock is ahead of this one */
    double error;  /* seconds: the offset is within this of the true one */
} spar_clocks_t;

/*
 * Collective over MPI_COMM_WORLD, in MPI_Init: each rank in turn asks rank 0
 * for its time. The offset follows from the fastest of some round trips,
 * t0 + t1 = 2 (t - offset), and is off by half of that round trip at most
 * (Cristian 1989); one that is not larger than its error counts as none,
 * because the ranks of a host have one clock. Clocks that drift apart during
 * the run are not followed.
 */
void spar_clocks_align(spar_clocks_t *clocks_p);

#endif
