/* Spar: the machines of exchange/exchange.h as the jobs of job.h take them. */
#ifndef SPAR_TESTS_ALGORITHMS_H
#define SPAR_TESTS_ALGORITHMS_H

#include "job.h"

#define JOB_ALGORITHMS 5

extern const job_algorithm_t job_algorithms[JOB_ALGORITHMS];

#endif
