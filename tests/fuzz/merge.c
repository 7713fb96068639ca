/*
 * Fuzz target: the merge of two lists. The first byte: type, and how much less
 * room there is than both lists might need; then one entry per 3 bytes: which
 * list, distance, value. Checked against a plain merge.
 */
#include "sparsify/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_merge: %s\n", what);
        abort();
    }
}

static void list_open(spar_selection_t *list, spar_dtype_t dtype, size_t room)
{
    spar_selection_init(list);
    require(spar_selection_reserve(list, dtype, room) == SPAR_OK, "no memory");
    list->dtype = dtype;
}

static double value_of(const spar_selection_t *list, size_t i)
{
    return list->dtype == SPAR_DTYPE_F64
               ? ((const double *)list->values)[i]
               : (double)((const float *)list->values)[i];
}

static void append(spar_selection_t *list, uint32_t index, double value)
{
    size_t i = list->count++;

    list->indices[i] = index;
    if (list->dtype == SPAR_DTYPE_F64) {
        ((double *)list->values)[i] = value;
    } else {
        ((float *)list->values)[i] = (float)value;
    }
}

static void lists_fill(spar_selection_t lists[2], const uint8_t *data,
                       size_t size)
{
    uint32_t next[2] = {0, 0};
    size_t at;

    for (at = 0; at + 3 <= size; at += 3) {
        unsigned which = data[at] & 1;
        uint32_t index = next[which] + data[at + 1];

        if (data[at] & 2) {
            index += (uint32_t)data[at + 1] << 16;
        }
        if (index < next[which]) {
            continue;
        }
        append(&lists[which], index, (data[at + 2] - 128.0) / (1 + data[at]));
        if (index == UINT32_MAX) {
            break;
        }
        next[which] = index + 1;
    }
}

static void plain_merge(const spar_selection_t *a, const spar_selection_t *b,
                        spar_selection_t *out)
{
    size_t i = 0, j = 0;

    while (i < a->count || j < b->count) {
        if (j == b->count || (i < a->count && a->indices[i] < b->indices[j])) {
            append(out, a->indices[i], value_of(a, i));
            i++;
        } else if (i == a->count || b->indices[j] < a->indices[i]) {
            append(out, b->indices[j], value_of(b, j));
            j++;
        } else {
            append(out, a->indices[i], value_of(a, i) + value_of(b, j));
            i++;
            j++;
        }
    }
}

static void merge_check(const spar_selection_t *a, const spar_selection_t *b,
                        size_t room, const spar_selection_t *expected)
{
    size_t width = spar_dtype_size(a->dtype);
    spar_selection_t out;

    list_open(&out, a->dtype, room);
    /* Exactly as much as was asked for. */
    require(spar_merge_add(a, b, &out) ==
                (room < expected->count ? SPAR_ERR_INVALID : SPAR_OK),
            "room is judged wrongly");
    if (room >= expected->count) {
        require(out.count == expected->count, "another number of entries");
        require(
            out.count == 0 ||
                (memcmp(out.indices, expected->indices, out.count * 4) == 0 &&
                 memcmp(out.values, expected->values, out.count * width) == 0),
            "other entries");
    }
    spar_selection_cleanup(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    spar_selection_t lists[2], expected;
    spar_dtype_t dtype;
    size_t room;

    if (size < 1) {
        return 0;
    }
    dtype = data[0] & 1 ? SPAR_DTYPE_F64 : SPAR_DTYPE_F32;
    list_open(&lists[0], dtype, size);
    list_open(&lists[1], dtype, size);
    list_open(&expected, dtype, 2 * size);
    lists_fill(lists, data + 1, size - 1);
    plain_merge(&lists[0], &lists[1], &expected);
    room = lists[0].count + lists[1].count;
    room -= room < data[0] >> 1 ? room : data[0] >> 1;
    merge_check(&lists[0], &lists[1], room, &expected);
    merge_check(&lists[1], &lists[0], room, &expected);
    spar_selection_cleanup(&lists[0]);
    spar_selection_cleanup(&lists[1]);
    spar_selection_cleanup(&expected);
    return 0;
}
