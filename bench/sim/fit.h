/* Measured calls against what the model says that was fitted to them. */
#ifndef SPAR_BENCH_SIM_FIT_H
#define SPAR_BENCH_SIM_FIT_H

#include <stdio.h>

/*
 * Reads calls, a line each: method, ranks, nodes, elements, entries, bytes of a
 * value, 1 if eager or 0, seconds; blanks between. Prints them with two
 * predictions: of the model fitted to all calls, and of the one fitted to those
 * with other numbers of ranks. Returns the exit code: 2 for a line that is
 * none.
 */
int fit_print(FILE *calls);

#endif
