/*
 * Spar: where a machine applies the result of a call, where that is not memory
 * that it can write itself: a table of what is to be done there, filled in by
 * whoever starts the call. Nothing of it is called before all ranks' flags are
 * known to be 0.
 *
 * The order of the calls is: commit once, then settle and any number of add
 * and add_all; sums have the bits of this order. Then finish, until it is done.
 * Each may return as soon as it has copied what it was given. Other ranks may
 * have applied the result when one of them fails, so that the ranks cannot
 * agree on anything else any more: the call is given up then, and the machine
 * applies all of it to arrays instead.
 */
#ifndef SPAR_EXCHANGE_TARGET_H
#define SPAR_EXCHANGE_TARGET_H

#include "sparsify/selection.h"

typedef struct spar_target spar_target_t;
struct spar_exchange_call;

typedef struct spar_target_ops {
    /* residual += gradient, out = 0, for the whole call. */
    spar_status_t (*commit)(spar_target_t *target);
    /* Takes the sent entries out of the residual. */
    spar_status_t (*settle)(spar_target_t *target,
                            const spar_selection_t *sent);
    /* out[first + index] += value for sorted entries without repetition. */
    spar_status_t (*add)(spar_target_t *target, uint64_t first,
                         const spar_selection_t *entries);
    /* out[first + i] += values[i] for n elements of the call's type. */
    spar_status_t (*add_all)(spar_target_t *target, uint64_t first,
                             const void *values, uint64_t n);
    /* SPAR_OK: all of it is done; not called again then. SPAR_INPROGRESS */
    spar_status_t (*finish)(spar_target_t *target);
    /* One of these has failed. SPAR_OK: call->gradient, residual and out name
     * arrays now, with gradient and residual as they were before commit. */
    spar_status_t (*give_up)(spar_target_t *target,
                             struct spar_exchange_call *call);
} spar_target_ops_t;

/* The caller's object begins with it. */
struct spar_target {
    const spar_target_ops_t *ops;
};

#endif
