/*
 * fuzz_seeds FOLDER: writes the corpus that the fuzz targets start from: real
 * blocks of all value types and densities to FOLDER/wire, lists to
 * FOLDER/merge. Both folders exist.
 */
#include "sparsify/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 200

static uint32_t state = 1;

static uint32_t number(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static void check(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static void file_write(const char *folder, const char *name, const void *bytes,
                       size_t size)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    check(file != NULL, path);
    check(fwrite(bytes, 1, size, file) == size, path);
    check(fclose(file) == 0, path);
}

/* Entries [begin, count) of a selection with one entry in `stride` elements
 * on the average. */
static void block_write(const char *folder, spar_values_t values,
                        uint32_t stride, size_t count, size_t begin)
{
    static unsigned char bytes[SPAR_WIRE_HEADER_BYTES + 16 * MOST];
    spar_wire_header_t header = {.slot = 3, .plan = 1, .step = number()};
    spar_selection_t selection;
    uint32_t index = 0;
    char name[80];
    size_t i;

    spar_selection_init(&selection);
    selection.dtype = spar_values_dtype(values);
    check(spar_selection_reserve(&selection, selection.dtype, MOST) == SPAR_OK,
          "selection");
    selection.count = count;
    for (i = 0; i < count; i++) {
        double value = ((double)number() - 8388608.0) / 1e6;

        index += number() % (2 * stride - 1);
        selection.indices[i] = index++;
        if (selection.dtype == SPAR_DTYPE_F64) {
            ((double *)selection.values)[i] = value;
        } else {
            ((float *)selection.values)[i] = (float)value;
        }
    }
    spar_selection_round(&selection, values, 0);
    header.count = index;
    check(spar_wire_encode(&selection, begin, count, 0, index,
                           bytes + SPAR_WIRE_HEADER_BYTES, 16 * MOST,
                           &header) == SPAR_OK,
          "encode");
    spar_wire_header_pack(&header, bytes);
    snprintf(name, sizeof(name), "wire/values%d-stride%u-%zu-from%zu",
             (int)values, (unsigned)stride, count, begin);
    file_write(folder, name, bytes,
               SPAR_WIRE_HEADER_BYTES + header.payload_bytes);
    spar_selection_cleanup(&selection);
}

static void lists_write(const char *folder, const char *name, unsigned first,
                        unsigned mask, size_t entries)
{
    unsigned char bytes[1 + 3 * MOST];
    size_t i;

    bytes[0] = (unsigned char)first;
    for (i = 1; i < 1 + 3 * entries; i += 3) {
        bytes[i] = (unsigned char)(number() & mask);
        bytes[i + 1] = (unsigned char)(number() % 4);
        bytes[i + 2] = (unsigned char)number();
    }
    file_write(folder, name, bytes, 1 + 3 * entries);
}

int main(int argc, char **argv)
{
    static const uint32_t strides[] = {1, 3, 60};
    static const size_t counts[] = {1, 20, 150};
    size_t s, c;
    int values;

    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    for (values = 0; values <= SPAR_VALUES_INT8; values++) {
        for (s = 0; s < 3; s++) {
            for (c = 0; c < 3; c++) {
                block_write(argv[1], (spar_values_t)values, strides[s],
                            counts[c], c == 1 ? 7 : 0);
            }
        }
    }
    lists_write(argv[1], "merge/f32", 0, 0xfd, 150);
    lists_write(argv[1], "merge/f64", 1, 0xfd, 150);
    lists_write(argv[1], "merge/little-room", 60, 0xfd, 150);
    lists_write(argv[1], "merge/far", 0, 0xff, 40);
    lists_write(argv[1], "merge/one-list", 0, 0xfc, 40);
    return 0;
}
