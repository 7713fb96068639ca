/* bench_select: what each way to select and to feed the error back costs. */
#ifndef SPAR_BENCH_SELECT_TIMING_H
#define SPAR_BENCH_SELECT_TIMING_H

#include "bench/select/options.h"

void timing_run(const options_t *options);

#endif
