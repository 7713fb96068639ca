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

static spar_status_t commit(spar_target_t *target)
{
    job_target_t *far = from(target);

    assert_false(far->committed);
    far->committed = true;
    if (far->has_residual) {
        spar_residual_commit(far->dtype, far->residual, far->gradient, far->out,
                             0, far->count);
    } else {
        memset(far->out, 0, far->count * spar_dtype_size(far->dtype));
    }
    return SPAR_OK;
}

static spar_status_t settle(spar_target_t *target, const spar_selection_t *sent)
{
    job_target_t *far = from(target);

    assert_true(far->committed && far->has_residual);
    spar_residual_settle(far->residual, sent);
    return SPAR_OK;
}

static void add_one(const job_target_t *far, uint64_t at, const void *values,
                    uint64_t i)
{
    assert_true(at < far->count);
    if (far->dtype == SPAR_DTYPE_F64) {
        ((double *)far->out)[at] += ((const double *)values)[i];
    } else {
        ((float *)far->out)[at] += ((const float *)values)[i];
    }
}

static spar_status_t add(spar_target_t *target, uint64_t first,
                         const spar_selection_t *entries)
{
    const job_target_t *far = from(target);

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
    const job_target_t *far = from(target);

    assert_true(far->committed);
    for (uint64_t i = 0; i < n; i++) {
        add_one(far, first + i, values, i);
    }
    return SPAR_OK;
}

static const spar_target_ops_t far_ops = {commit, settle, add, add_all};

job_target_t *job_target_create(spar_dtype_t dtype, uint64_t count)
{
    job_target_t *far = calloc(1, sizeof(*far));

    assert_non_null(far);
    far->target.ops = &far_ops;
    far->dtype = dtype;
    far->count = count;
    far->gradient = calloc(count, spar_dtype_size(dtype));
    far->residual = calloc(count, spar_dtype_size(dtype));
    assert_true(far->gradient != NULL && far->residual != NULL);
    return far;
}

void job_target_destroy(job_target_t *target)
{
    if (target != NULL) {
        free(target->gradient);
        free(target->residual);
        free(target);
    }
}

void job_target_take(job_target_t *far, spar_exchange_call_t *call)
{
    size_t bytes = far->count * spar_dtype_size(far->dtype);

    far->committed = false;
    far->has_residual = call->residual != NULL;
    far->out = far->gradient;
    memcpy(far->gradient, call->gradient, bytes);
    if (far->has_residual) {
        memcpy(far->residual, call->residual, bytes);
        call->residual = NOWHERE;
    }
    call->gradient = call->out = NOWHERE;
    call->target = &far->target;
}

void job_target_give(const job_target_t *far, void *residual, void *out)
{
    size_t bytes = far->count * spar_dtype_size(far->dtype);

    if (far->has_residual) {
        memcpy(residual, far->residual, bytes);
    }
    if (far->committed) {
        memcpy(out, far->out, bytes);
    }
}
