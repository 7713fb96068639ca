/* bench_select: how many entries the selectors send under error feedback. */
#ifndef SPAR_BENCH_SELECT_FEEDBACK_H
#define SPAR_BENCH_SELECT_FEEDBACK_H

#include "bench/select/options.h"

void feedback_run(const options_t *options);

#endif
