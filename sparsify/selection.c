#include "sparsify/selection.h"

#include <stdlib.h>
#include <string.h>

/* Whole cache lines, so that vector stores into the scratch never split. */
#define SCRATCH_ALIGNMENT 64

static void *scratch_alloc(size_t entries, size_t entry_bytes)
{
    size_t bytes;

    if (entries > (SIZE_MAX - SCRATCH_ALIGNMENT) / entry_bytes) {
        return NULL;
    }
    bytes = entries * entry_bytes + SCRATCH_ALIGNMENT - 1;
    return aligned_alloc(SCRATCH_ALIGNMENT, bytes - bytes % SCRATCH_ALIGNMENT);
}

void spar_selection_init(spar_selection_t *selection)
{
    memset(selection, 0, sizeof(*selection));
}

void spar_selection_cleanup(spar_selection_t *selection)
{
    free(selection->indices);
    free(selection->values);
    spar_selection_init(selection);
}

spar_status_t spar_selection_reserve(spar_selection_t *selection,
                                     size_t entries)
{
    uint32_t *indices;
    void *values;

    if (entries <= selection->capacity) {
        return SPAR_OK;
    }
    indices = scratch_alloc(entries, sizeof(uint32_t));
    if (indices == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    values = scratch_alloc(entries, sizeof(double));
    if (values == NULL) {
        free(indices);
        return SPAR_ERR_NO_MEMORY;
    }
    free(selection->indices);
    free(selection->values);
    selection->indices = indices;
    selection->values = values;
    selection->capacity = entries;
    selection->count = 0;
    return SPAR_OK;
}
