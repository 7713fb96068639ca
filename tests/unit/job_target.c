#include "job_target.h"

#include "unit.h"

#include "sparsify/residual.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE ((void *)64)

static job_target_t *from(spar_target_t *target)
{
    return (job_target_t *)target;
}

static size_t bytes_of(const job_target_t *far)
{
    return far->count * spar_dtype_size(far->dtype);
}

static bool fails(job_target_t *far)
{
    assert_false(far->given_up);
    far->steps++;
    return far->fails > 0 && far->steps >= far->fails;
}

static spar_status_t commit(spar_target_t *target)
{
    job_target_t *far = from(target);

    if (fails(far)) {
        return SPAR_ERR_IO;
    }
    assert_false(far->committed);
    far->committed = true;
    far->polls = 0;
    memset(far->sum, 0, bytes_of(far));
    if (far->has_residual) {
        memcpy(far->next, far->residual, bytes_of(far));
        spar_residual_commit(far->dtype, far->next, far->gradient, NULL, 0,
                             far->count);
    }
    return SPAR_OK;
}

static spar_status_t settle(spar_target_t *target, const spar_selection_t *sent)
{
    job_target_t *far = from(target);

    if (fails(far)) {
        return SPAR_ERR_IO;
    }
    assert_true(far->committed && far->has_residual);
    spar_residual_settle(far->next, sent);
    return SPAR_OK;
}

static void add_one(const job_target_t *far, uint64_t at, const void *values,
                    uint64_t i)
{
    assert_true(at < far->count);
    if (far->dtype == SPAR_DTYPE_F64) {
        ((double *)far->sum)[at] += ((const double *)values)[i];
    } else {
        ((float *)far->sum)[at] += ((const float *)values)[i];
    }
}

static spar_status_t add(spar_target_t *target, uint64_t first,
                         const spar_selection_t *entries)
{
    job_target_t *far = from(target);

    if (fails(far)) {
        return SPAR_ERR_NO_MEMORY;
    }
    assert_true(far->committed);
    for (size_t i = 0; i < entries->count; i++) {
        assert_true(i == 0 || entries->indices[i] > entries->indices[i - 1]);
        add_one(far, first + entries->indices[i], entries->values, i);
    }
    return SPAR_OK;
}

static spar_status_t add_all(spar_target_t *target, uint64_t first,
                             const void *values, uint64_t n)
{
    job_target_t *far = from(target);

    if (fails(far)) {
        return SPAR_ERR_NO_MEMORY;
    }
    assert_true(far->committed);
    for (uint64_t i = 0; i < n; i++) {
        add_one(far, first + i, values, i);
    }
    return SPAR_OK;
}

static spar_status_t finish(spar_target_t *target)
{
    job_target_t *far = from(target);

    if (fails(far)) {
        return SPAR_ERR_IO;
    }
    assert_in_range(far->polls, 0, 1); /* not behind the end */
    if (far->polls++ == 0) {
        return SPAR_INPROGRESS;
    }
    memcpy(far->gradient, far->sum, bytes_of(far));
    if (far->has_residual) {
        memcpy(far->residual, far->next, bytes_of(far));
    }
    return SPAR_OK;
}

static spar_status_t give_up(spar_target_t *target, spar_exchange_call_t *call)
{
    job_target_t *far = from(target);

    assert_false(far->given_up);
    far->given_up = true;
    call->gradient = far->host_gradient;
    call->residual = far->host_residual;
    call->out = far->host_out;
    return SPAR_OK;
}

static const spar_target_ops_t far_ops = {commit,  settle, add,
                                          add_all, finish, give_up};

job_target_t *job_target_create(spar_dtype_t dtype, uint64_t count)
{
    job_target_t *far = calloc(1, sizeof(*far));
    size_t width = spar_dtype_size(dtype);

    assert_non_null(far);
    far->target.ops = &far_ops;
    far->dtype = dtype;
    far->count = count;
    far->gradient = calloc(count, width);
    far->residual = calloc(count, width);
    far->sum = calloc(count, width);
    far->next = calloc(count, width);
    assert_true(far->gradient != NULL && far->residual != NULL &&
                far->sum != NULL && far->next != NULL);
    return far;
}

void job_target_destroy(job_target_t *target)
{
    if (target != NULL) {
        free(target->gradient);
        free(target->residual);
        free(target->sum);
        free(target->next);
        free(target);
    }
}

void job_target_take(job_target_t *far, spar_exchange_call_t *call)
{
    far->committed = far->given_up = false;
    far->steps = 0;
    far->has_residual = call->residual != NULL;
    far->host_gradient = (void *)call->gradient;
    far->host_residual = call->residual;
    far->host_out = call->out;
    memcpy(far->gradient, call->gradient, bytes_of(far));
    if (far->has_residual) {
        memcpy(far->residual, call->residual, bytes_of(far));
        call->residual = NOWHERE;
    }
    call->gradient = call->out = NOWHERE;
    call->target = &far->target;
}

void job_target_give(const job_target_t *far)
{
    if (far->given_up) {
        return;
    }
    if (far->has_residual) {
        memcpy(far->host_residual, far->residual, bytes_of(far));
    }
    if (far->committed) {
        memcpy(far->host_out, far->gradient, bytes_of(far));
    }
}
