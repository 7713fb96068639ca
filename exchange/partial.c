#include "exchange/partial.h"

#include "base/smaller.h"
#include "sparsify/merge.h"

#include <stdlib.h>
#include <string.h>

/* A list is cheap as long as at most 5 of 8 elements are in it:
 * docs/decisions.md has the figures. */
static uint64_t most_cheap(uint64_t span)
{
    return span * 5 / 8;
}

static bool is_cheap(uint64_t span, uint64_t entries)
{
    return entries <= most_cheap(span);
}

/* The widest region, up to `span`, of which `most` entries are too many for a
 * list. */
static uint64_t widest_dense(uint64_t span, uint64_t most)
{
    return most >= span ? span : spar_smaller(span, most * 8 / 5 + 8);
}

void spar_partial_init(spar_partial_t *partial)
{
    memset(partial, 0, sizeof(*partial));
}

void spar_partial_cleanup(spar_partial_t *partial)
{
    spar_selection_cleanup(&partial->merged[0]);
    spar_selection_cleanup(&partial->merged[1]);
    spar_selection_cleanup(&partial->incoming);
    free(partial->dense);
    spar_partial_init(partial);
}

spar_status_t spar_partial_reserve(spar_partial_t *partial, spar_dtype_t dtype,
                                   uint64_t span, uint64_t most)
{
    uint64_t one = spar_smaller(most, most_cheap(span));
    /* Two lists before they are merged: common indices count twice. */
    uint64_t both = most < span ? spar_smaller(most, 2 * most_cheap(span))
                                : 2 * most_cheap(span);
    size_t bytes = widest_dense(span, most) * spar_dtype_size(dtype);
    spar_selection_t *lists[3] = {&partial->incoming, &partial->merged[0],
                                  &partial->merged[1]};
    spar_status_t status = SPAR_OK;

    for (int i = 0; status == SPAR_OK && i < 3; i++) {
        status = spar_selection_reserve(lists[i], dtype, i == 0 ? one : both);
    }
    if (status == SPAR_OK && bytes > partial->dense_bytes) {
        void *dense = malloc(bytes);

        if (dense == NULL) {
            return SPAR_ERR_NO_MEMORY;
        }
        free(partial->dense);
        partial->dense = dense;
        partial->dense_bytes = bytes;
    }
    return status;
}

size_t spar_partial_bound(spar_dtype_t dtype, uint64_t span, uint64_t most)
{
    size_t list = spar_wire_payload_bound(spar_values_native(dtype), span,
                                          spar_smaller(span, most));
    size_t dense = widest_dense(span, most) * spar_dtype_size(dtype);

    return list > dense ? list : dense;
}

size_t spar_partial_memory(const spar_partial_t *partial)
{
    return spar_selection_memory(&partial->merged[0]) +
           spar_selection_memory(&partial->merged[1]) +
           spar_selection_memory(&partial->incoming) + partial->dense_bytes;
}

static void add_list(const spar_selection_t *list, void *out)
{
    if (list->dtype == SPAR_DTYPE_F64) {
        for (size_t i = 0; i < list->count; i++) {
            ((double *)out)[list->indices[i]] +=
                ((const double *)list->values)[i];
        }
    } else {
        for (size_t i = 0; i < list->count; i++) {
            ((float *)out)[list->indices[i]] +=
                ((const float *)list->values)[i];
        }
    }
}

static size_t dense_bytes(const spar_partial_t *partial)
{
    return partial->span * spar_dtype_size(partial->dtype);
}

/* From a list to all elements. */
static void fill_up(spar_partial_t *partial)
{
    memset(partial->dense, 0, dense_bytes(partial));
    add_list(partial->list, partial->dense);
    partial->list = NULL;
}

void spar_partial_begin(spar_partial_t *partial, spar_dtype_t dtype,
                        uint32_t span, const spar_selection_t *entries)
{
    partial->dtype = dtype;
    partial->span = span;
    partial->list = entries;
    if (!is_cheap(span, entries->count)) {
        fill_up(partial);
    }
}

/* Whether the sum of the present list and a block has room. A dense block may
 * have more entries than there are. */
static bool has_room(const spar_partial_t *partial,
                     const spar_wire_header_t *header)
{
    uint64_t entries = partial->list->count + header->selected;
    bool dense_fits = dense_bytes(partial) <= partial->dense_bytes;

    if (!is_cheap(partial->span, header->selected)) {
        return dense_fits;
    }
    return entries <= partial->merged[0].capacity &&
           (is_cheap(partial->span, entries) || dense_fits);
}

spar_status_t spar_partial_add(spar_partial_t *partial,
                               const spar_wire_header_t *header,
                               const void *payload, const char **cause_p)
{
    spar_selection_t *next =
        &partial->merged[partial->list == &partial->merged[0] ? 1 : 0];
    spar_status_t status;

    if (header->dtype != partial->dtype || header->span != partial->span ||
        (partial->list != NULL && !has_room(partial, header))) {
        *cause_p = "sent more entries than agreed";
        return SPAR_ERR_WIRE;
    }
    if (partial->list != NULL && !is_cheap(partial->span, header->selected)) {
        fill_up(partial);
    }
    if (partial->list == NULL) {
        return spar_wire_add(header, payload, header->payload_bytes,
                             partial->dense, cause_p);
    }
    status = spar_wire_decode(header, payload, header->payload_bytes,
                              &partial->incoming, cause_p);
    if (status != SPAR_OK) {
        return status;
    }
    if (spar_merge_add(partial->list, &partial->incoming, next) != SPAR_OK) {
        *cause_p = "sent more entries than agreed";
        return SPAR_ERR_WIRE;
    }
    partial->list = next;
    if (!is_cheap(partial->span, next->count)) {
        fill_up(partial);
    }
    return SPAR_OK;
}

spar_status_t spar_partial_encode(const spar_partial_t *partial, void *payload,
                                  size_t capacity, spar_wire_header_t *header_p)
{
    if (partial->list != NULL) {
        return spar_wire_encode(partial->list, 0, partial->list->count, 0,
                                partial->span, payload, capacity, header_p);
    }
    if (dense_bytes(partial) > capacity) {
        return SPAR_ERR_INVALID;
    }
    memcpy(payload, partial->dense, dense_bytes(partial));
    header_p->coding = SPAR_WIRE_ALL;
    header_p->parameter = 0;
    header_p->phase = 0;
    header_p->selected = partial->span;
    header_p->span = partial->span;
    header_p->values = spar_values_native(partial->dtype);
    header_p->dtype = partial->dtype;
    header_p->payload_bytes = dense_bytes(partial);
    return SPAR_OK;
}

void spar_partial_write(const spar_partial_t *partial, void *out)
{
    if (partial->list != NULL) {
        add_list(partial->list, out);
    } else if (partial->dtype == SPAR_DTYPE_F64) {
        for (size_t i = 0; i < partial->span; i++) {
            ((double *)out)[i] += ((const double *)partial->dense)[i];
        }
    } else {
        for (size_t i = 0; i < partial->span; i++) {
            ((float *)out)[i] += ((const float *)partial->dense)[i];
        }
    }
}
