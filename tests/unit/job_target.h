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
    void *gradient; /* and the result */
    void *residual;
    bool has_residual;
    bool committed;
    /* Where the steps before finish gather; nothing changes before. */
    void *sum;
    void *next;
    int polls;
    unsigned steps; /* of all calls */
    unsigned fails; /* from that step on; 0: never */
    bool given_up;
    /* What the caller gets then. */
    void *host_gradient;
    void *host_residual;
    void *host_out;
} job_target_t;

job_target_t *job_target_create(spar_dtype_t dtype, uint64_t count);
void job_target_destroy(job_target_t *target);

/* Before a start: copies the arrays that the call names, and points the call to
 * addresses that end the process when they are touched. */
void job_target_take(job_target_t *target, spar_exchange_call_t *call);
/* After the call: the result into the arrays that it named first. */
void job_target_give(const job_target_t *target);

#endif
