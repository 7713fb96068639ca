#include "pmpi/staging.h"

#include "pmpi/reach.h"
#include "pmpi/sparse.h"

#include <stdlib.h>
#include <string.h>

static bool grow(void **memory, size_t bytes)
{
    void *grown = realloc(*memory, bytes);

    if (grown != NULL) {
        *memory = grown;
    }
    return grown != NULL;
}

spar_status_t spar_staging_reserve(spar_staging_t *staging, spar_dtype_t dtype,
                                   uint64_t count, uint64_t entries)
{
    size_t bytes = count * spar_dtype_size(dtype);

    if (bytes > staging->bytes) {
        if (!grow(&staging->sums, bytes) || !grow(&staging->residuals, bytes)) {
            return SPAR_ERR_NO_MEMORY;
        }
        staging->bytes = bytes;
    }
    return spar_selection_reserve(&staging->selection, dtype, entries);
}

void spar_staging_cleanup(spar_staging_t *staging)
{
    free(staging->sums);
    free(staging->residuals);
    spar_selection_cleanup(&staging->selection);
    *staging = (spar_staging_t){0};
}

size_t spar_staging_memory(const spar_staging_t *staging)
{
    return 2 * staging->bytes + spar_selection_memory(&staging->selection);
}

static void append(spar_selection_t *all, const spar_selection_t *entries,
                   uint32_t base)
{
    size_t width = spar_dtype_size(entries->dtype);

    for (size_t i = 0; i < entries->count; i++) {
        all->indices[all->count + i] = base + entries->indices[i];
    }
    memcpy((char *)all->values + all->count * width, entries->values,
           entries->count * width);
    all->count += entries->count;
}

uint32_t spar_staging_fill(spar_staging_t *staging, spar_op_t *const *ops,
                           size_t count, spar_selection_t *scratch)
{
    spar_selection_t *all = &staging->selection;
    size_t at = 0; /* bytes */

    all->count = 0;
    all->nonfinite = false;
    all->dtype = ops[0]->layer->dtype;
    for (size_t i = 0; i < count; i++) {
        spar_layer_t *layer = ops[i]->layer;
        size_t bytes = spar_layer_bytes(layer);
        uint32_t flags = spar_sparse_select(ops[i], scratch);

        if (flags != 0) {
            return flags;
        }
        staging->begins[i] = all->count;
        append(all, scratch, (uint32_t)(at / spar_dtype_size(layer->dtype)));
        memcpy((char *)staging->sums + at, spar_reach_gradient(ops[i]), bytes);
        if (layer->residual != NULL) {
            memcpy((char *)staging->residuals + at, layer->residual, bytes);
        }
        at += bytes;
    }
    staging->begins[count] = all->count;
    spar_selection_round(all, ops[0]->layer->values, spar_sparse_seed(ops[0]));
    return 0;
}

void spar_staging_deliver(const spar_staging_t *staging, spar_op_t *const *ops,
                          size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        spar_layer_t *layer = ops[i]->layer;
        size_t bytes = spar_layer_bytes(layer);

        memcpy(spar_reach_result(ops[i]), (char *)staging->sums + at, bytes);
        spar_reach_deliver_or_fail(ops[i]);
        if (layer->residual != NULL) {
            memcpy(layer->residual, (char *)staging->residuals + at, bytes);
        }
        at += bytes;
    }
}
