/* Predicted against simulated seconds, as a table on stdout. */
#ifndef SPAR_BENCH_SIM_TABLE_H
#define SPAR_BENCH_SIM_TABLE_H

#include <stdbool.h>

/* Returns the exit code: 1 where a simulation failed. */
int table_print(bool verbose);

#endif
