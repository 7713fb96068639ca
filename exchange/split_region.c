#include "exchange/split_region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the selectors' sweep takes beyond the entries that it is to find. */
#define LEAST_SPARE 4096

static uint64_t scratch_of(uint64_t count, uint64_t most)
{
    uint64_t wanted = most + (most > LEAST_SPARE ? most : LEAST_SPARE);

    return wanted < count ? wanted : count;
}

spar_status_t spar_split_region_reserve(spar_split_region_t *region,
                                        spar_dtype_t dtype, uint64_t count,
                                        uint64_t most)
{
    size_t bytes = count * spar_dtype_size(dtype);
    spar_status_t status =
        spar_selection_reserve(&region->chosen, dtype, scratch_of(count, most));

    if (status == SPAR_OK && bytes > region->sum_bytes) {
        void *sum = malloc(bytes);

        if (sum == NULL) {
            return SPAR_ERR_NO_MEMORY;
        }
        free(region->sum);
        region->sum = sum;
        region->sum_bytes = bytes;
    }
    return status;
}

void spar_split_region_cleanup(spar_split_region_t *region)
{
    spar_selection_cleanup(&region->chosen);
    free(region->sum);
    region->sum = NULL;
    region->sum_bytes = 0;
    region->touched = 0;
}

size_t spar_split_region_memory(const spar_split_region_t *region)
{
    return spar_selection_memory(&region->chosen) + region->touched;
}

void spar_split_region_begin(spar_split_region_t *region, spar_dtype_t dtype,
                             uint32_t span)
{
    size_t bytes = span * spar_dtype_size(dtype);

    region->span = span;
    region->load = 0;
    region->chosen.count = 0;
    region->chosen.dtype = dtype;
    region->chosen.travels = spar_values_native(dtype);
    memset(region->sum, 0, bytes);
    region->touched = bytes > region->touched ? bytes : region->touched;
}

spar_status_t spar_split_region_add(spar_split_region_t *region,
                                    const spar_wire_header_t *header,
                                    const void *payload, const char **cause_p)
{
    region->load += header->selected;
    return spar_wire_add(header, payload, header->payload_bytes, region->sum,
                         cause_p);
}

/* Sums have overflowed: those that did, as far as there is room, or, where
 * nothing may be kept back, all that are not zero. */
static void choose_nonfinite(spar_split_region_t *region, uint64_t most,
                             bool all)
{
    spar_selection_t *chosen = &region->chosen;
    bool wide = chosen->dtype == SPAR_DTYPE_F64;

    chosen->count = 0;
    for (uint32_t i = 0; i < region->span && chosen->count < most; i++) {
        double sum = wide ? ((const double *)region->sum)[i]
                          : (double)((const float *)region->sum)[i];

        if (all ? sum == 0 : isfinite(sum)) {
            continue;
        }
        if (wide) {
            ((double *)chosen->values)[chosen->count] = sum;
        } else {
            ((float *)chosen->values)[chosen->count] =
                ((const float *)region->sum)[i];
        }
        chosen->indices[chosen->count++] = i;
    }
}

void spar_split_region_choose(spar_split_region_t *region,
                              spar_selector_t *selector, uint64_t most,
                              bool all)
{
    uint64_t k = most < region->span ? most : region->span;

    if (k == 0) {
        return;
    }
    selector->n = region->span;
    /* The scratch has its room: this cannot fail. */
    (void)spar_selector_run(selector, region->sum, NULL, k, &region->chosen);
    if (region->chosen.nonfinite) {
        choose_nonfinite(region, k, all);
    }
}
