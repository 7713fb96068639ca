/*
 * Spar: memory that a machine of a job cannot reach, as a device's: arrays of a
 * rank apart from those that the test looks at, and a table that applies calls
 * to them (exchange/target.h).
 */
#ifndef SPAR_TESTS_JOB_TARGET_H
#define SPAR_TESTS_JOB_TARGET_H

#include "exchange/exchange.h"

typedef struct job_target {
    spar_target_t target; /* first */
    spar_dtype_t dtype;
    uint64_t count;
    void *gradient;
    void *residual;
    void *out; /* may be the gradient */
    bool has_residual;
    bool committed;
} job_target_t;

job_target_t *job_target_create(spar_dtype_t dtype, uint64_t count);
void job_target_destroy(job_target_t *target);

/* Before a start: copies the arrays that the call names, and points the call to
 * addresses that end the process when they are touched. */
void job_target_take(job_target_t *target, spar_exchange_call_t *call);
/* After the call: back into such arrays (residual: if there is one). */
void job_target_give(const job_target_t *target, void *residual, void *out);

#endif
