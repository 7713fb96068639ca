/* bench_overlap: what it can measure. Each prints its results on rank 0. */
#ifndef SPAR_BENCH_OVERLAP_RUNS_H
#define SPAR_BENCH_OVERLAP_RUNS_H

#include "bench/overlap/options.h"

void steps_run(const options_t *options);
void pairs_run(const options_t *options);
void idle_run(const options_t *options);

#endif
