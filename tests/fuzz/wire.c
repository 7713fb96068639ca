/*
 * Fuzz target: a block from a broken or hostile peer. The input is a header
 * and a payload, as they would arrive. As a checksum keeps nearly every
 * damaged header out, the input is then taken once more with magic, version,
 * byte order, payload size and checksum made right.
 *
 * Besides what the sanitizers see: all instruction sets agree on what is
 * malformed and on the result, a list holds what is added, `out` is untouched
 * after an error, and what has been decoded can be encoded again.
 */
#include "sparsify/wire.h"

#include "sparsify/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A wider region costs memory and finds nothing more. */
#define MOST_SPAN 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_wire: %s\n", what);
        abort();
    }
}

static void *copy(const void *from, size_t bytes)
{
    unsigned char *to = malloc(bytes > 0 ? bytes : 1);

    require(to != NULL, "no memory");
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
    return to;
}

/* Sums from zero on, or NULL if the block is malformed. */
static unsigned char *sums(const spar_wire_header_t *header,
                           const uint8_t *payload, size_t bytes)
{
    size_t size = header->span * spar_dtype_size(header->dtype);
    unsigned char *out = calloc(size + 1, 1);
    unsigned char *zeros = calloc(size + 1, 1);
    const char *cause = NULL;
    spar_status_t status;

    require(out != NULL && zeros != NULL, "no memory");
    status = spar_wire_add(header, payload, bytes, out, &cause);
    require(status == SPAR_OK || status == SPAR_ERR_WIRE, "another status");
    require(status == SPAR_OK || cause != NULL, "an error without a cause");
    require(status == SPAR_OK || memcmp(out, zeros, size) == 0,
            "a malformed block has been added");
    free(zeros);
    if (status != SPAR_OK) {
        free(out);
        return NULL;
    }
    return out;
}

/* The same sums from the list. */
static void list_check(const spar_wire_header_t *header,
                       const spar_selection_t *list, const unsigned char *out)
{
    size_t width = spar_dtype_size(header->dtype);
    unsigned char *again = calloc(header->span * width + 1, 1);
    size_t i;

    require(again != NULL, "no memory");
    require(list->count == header->selected, "a list of another length");
    for (i = 0; i < list->count; i++) {
        require(list->indices[i] < header->span, "an index too large");
        require(i == 0 || list->indices[i] > list->indices[i - 1],
                "indices do not ascend");
        if (header->dtype == SPAR_DTYPE_F64) {
            ((double *)(void *)again)[list->indices[i]] +=
                ((const double *)list->values)[i];
        } else {
            ((float *)(void *)again)[list->indices[i]] +=
                ((const float *)list->values)[i];
        }
    }
    require(memcmp(again, out, header->span * width) == 0,
            "the list differs from the sums");
    free(again);
}

/* Scaled values that no encoder writes may need more bits. */
static void encode_check(const spar_selection_t *list,
                         const spar_wire_header_t *header)
{
    size_t room =
        spar_wire_payload_bound(header->values, header->span, list->count);
    unsigned char *payload = malloc(room + 1);
    spar_wire_header_t again = *header;
    spar_selection_t back;

    require(payload != NULL, "no memory");
    require(spar_wire_encode(list, 0, list->count, 0, header->span, payload,
                             room, &again) == SPAR_OK,
            "the bound is too small");
    spar_selection_init(&back);
    require(spar_selection_reserve(&back, list->dtype, list->count) == SPAR_OK,
            "no memory");
    require(spar_wire_decode(&again, payload, again.payload_bytes, &back,
                             NULL) == SPAR_OK,
            "what was encoded is malformed");
    require(back.count == list->count, "entries are lost");
    if (list->count > 0) {
        require(memcmp(back.indices, list->indices, list->count * 4) == 0,
                "indices change");
        require(spar_values_scaled(header->values) ||
                    memcmp(back.values, list->values,
                           list->count * spar_dtype_size(list->dtype)) == 0,
                "values change");
    }
    spar_selection_cleanup(&back);
    free(payload);
}

static void block_check(const spar_wire_header_t *header,
                        const uint8_t *payload, size_t bytes)
{
    const char *const sets[] = {"scalar", "avx2", "avx512"};
    unsigned char *first = NULL;
    spar_selection_t list;
    size_t i;

    for (i = 0; i < 3; i++) {
        unsigned char *out;

        if (spar_kernels_use(sets[i]) != SPAR_OK) {
            continue;
        }
        out = sums(header, payload, bytes);
        spar_selection_init(&list);
        if (header->selected <= header->span) {
            require(spar_selection_reserve(&list, header->dtype,
                                           header->selected) == SPAR_OK,
                    "no memory");
        }
        require((spar_wire_decode(header, payload, bytes, &list, NULL) ==
                 SPAR_OK) == (out != NULL),
                "a list of what cannot be added, or the other way round");
        if (out != NULL) {
            list_check(header, &list, out);
            encode_check(&list, header);
        }
        spar_selection_cleanup(&list);
        if (i == 0) {
            first = out;
            continue;
        }
        require(
            (out != NULL) == (first != NULL) &&
                (out == NULL ||
                 memcmp(out, first,
                        header->span * spar_dtype_size(header->dtype)) == 0),
            "instruction sets differ");
        free(out);
    }
    free(first);
}

static void header_repair(uint8_t *header, uint64_t payload_bytes)
{
    const uint16_t order = 0x0102;
    uint64_t sum;
    int i;

    memcpy(header, "SPAR\2\0", 6);
    memcpy(header + 10, &order, sizeof(order));
    for (i = 0; i < 8; i++) {
        header[56 + i] = (uint8_t)(payload_bytes >> (8 * i));
    }
    sum = XXH3_64bits(header, 64);
    for (i = 0; i < 8; i++) {
        header[64 + i] = (uint8_t)(sum >> (8 * i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bytes = size - SPAR_WIRE_HEADER_BYTES;
    uint8_t bare[SPAR_WIRE_HEADER_BYTES];
    spar_wire_header_t header;
    uint8_t *payload;
    int repaired;

    if (size < SPAR_WIRE_HEADER_BYTES) {
        require(spar_wire_header_unpack(data, size, &header, NULL) ==
                    SPAR_ERR_WIRE,
                "half a header is accepted");
        return 0;
    }
    memcpy(bare, data, sizeof(bare));
    payload = copy(data + SPAR_WIRE_HEADER_BYTES, bytes);
    for (repaired = 0; repaired < 2; repaired++) {
        if (spar_wire_header_unpack(bare, sizeof(bare), &header, NULL) ==
                SPAR_OK &&
            header.span <= MOST_SPAN) {
            block_check(&header, payload, bytes);
        }
        header_repair(bare, bytes);
    }
    free(payload);
    return 0;
}
