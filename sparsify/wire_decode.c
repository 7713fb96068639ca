#include "sparsify/wire_block.h"

/* Entries whose place in `out` is fetched before they are added: where `out`
 * does not fit the caches, a third faster. */
#define AHEAD 64

static inline uint32_t place_ahead(const uint32_t *indices, size_t n, size_t i)
{
    return indices[i + AHEAD < n ? i + AHEAD : n - 1];
}

static void add_f32(const uint32_t *indices, const float *values, size_t n,
                    float *out)
{
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&out[place_ahead(indices, n, i)], 1);
        out[indices[i]] += values[i];
    }
}

static void add_f64(const uint32_t *indices, const double *values, size_t n,
                    double *out)
{
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&out[place_ahead(indices, n, i)], 1);
        out[indices[i]] += values[i];
    }
}

spar_status_t spar_wire_add(const spar_wire_header_t *header,
                            const void *payload, size_t bytes, void *out,
                            const char **cause_p)
{
    uint32_t indices[SPAR_WIRE_CHUNK];
    union {
        float f32[SPAR_WIRE_CHUNK];
        double f64[SPAR_WIRE_CHUNK];
    } values;
    spar_wire_block_t block;
    spar_status_t status =
        spar_wire_block_open(header, payload, bytes, &block, cause_p);
    uint64_t at = 0;
    size_t n;

    if (status != SPAR_OK) {
        return status;
    }
    for (; (n = spar_wire_block_next(&block, indices)) > 0; at += n) {
        spar_values_get(header->values, block.scales, block.phase, block.values,
                        at, n, &values);
        if (spar_values_dtype(header->values) == SPAR_DTYPE_F64) {
            add_f64(indices, values.f64, n, out);
        } else {
            add_f32(indices, values.f32, n, out);
        }
    }
    return SPAR_OK;
}

spar_status_t spar_wire_decode(const spar_wire_header_t *header,
                               const void *payload, size_t bytes,
                               spar_selection_t *entries_p,
                               const char **cause_p)
{
    spar_dtype_t dtype = spar_values_dtype(header->values);
    spar_wire_block_t block;
    spar_status_t status =
        spar_wire_block_open(header, payload, bytes, &block, cause_p);
    uint64_t at = 0;
    size_t n;

    if (status != SPAR_OK) {
        return status;
    }
    if (entries_p->capacity < header->selected ||
        entries_p->width < spar_dtype_size(dtype)) {
        if (cause_p != NULL) {
            *cause_p = "the list has no room for the entries";
        }
        return SPAR_ERR_INVALID;
    }
    for (; (n = spar_wire_block_next(&block, entries_p->indices + at)) > 0;
         at += n) {
    }
    if (at > 0) {
        spar_values_get(header->values, block.scales, block.phase, block.values,
                        0, (size_t)at, entries_p->values);
    }
    entries_p->count = (size_t)at;
    entries_p->dtype = dtype;
    entries_p->travels = header->values;
    return SPAR_OK;
}
