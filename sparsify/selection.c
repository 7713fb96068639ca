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

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

spar_status_t spar_selection_reserve(spar_selection_t *selection,
                                     spar_dtype_t dtype, size_t entries)
{
    size_t width = spar_dtype_size(dtype);
    uint32_t *indices;
    void *values;

    if (entries <= selection->capacity && width <= selection->width) {
        return SPAR_OK;
    }
    entries = larger(entries, selection->capacity);
    width = larger(width, selection->width);
    indices = scratch_alloc(entries, sizeof(uint32_t));
    if (indices == NULL) {
        return SPAR_ERR_NO_MEMORY;
    }
    values = scratch_alloc(entries, width);
    if (values == NULL) {
        free(indices);
        return SPAR_ERR_NO_MEMORY;
    }
    free(selection->indices);
    free(selection->values);
    selection->indices = indices;
    selection->values = values;
    selection->capacity = entries;
    selection->width = width;
    selection->count = 0;
    return SPAR_OK;
}

void spar_selection_round(spar_selection_t *selection, spar_values_t travels,
                          uint64_t seed)
{
    if (selection->dtype == spar_values_dtype(travels)) {
        spar_values_round(travels, selection->values, selection->count, seed);
        selection->travels = travels;
    } else {
        selection->travels = spar_values_native(selection->dtype);
    }
}

size_t spar_selection_memory(const spar_selection_t *selection)
{
    return selection->capacity * (sizeof(uint32_t) + selection->width);
}
