/*
 * Fuzz target: a rank's file of residuals, as a broken disk or a hostile hand
 * would leave it. As checksums keep nearly every damaged file out, the input is
 * then taken once more with everything made right that can be.
 *
 * Besides what the sanitizers see: what is refused has a cause, and what is
 * accepted can be loaded and, written again, gives the same bytes.
 */
#include "report/state_file.h"
#include "report/state_layout.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_state: %s\n", what);
        abort();
    }
}

static void load_all(FILE *file, const spar_state_file_comm_t *comm)
{
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        spar_state_file_layer_t *layer = &comm->layers[i];

        if (layer->owes) {
            size_t bytes = spar_state_file_bytes(layer);

            layer->residual = malloc(bytes + 1);
            require(layer->residual != NULL, "no memory");
            require(spar_state_file_load(file, layer, layer->residual, NULL) ==
                        SPAR_OK,
                    "what was accepted cannot be loaded");
        }
    }
}

static void unload_all(const spar_state_file_comm_t *comm)
{
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        free(comm->layers[i].residual);
    }
}

/* Written again, it is what it was. */
static void write_check(FILE *file, const spar_state_file_t *state,
                        const uint8_t *data, size_t size)
{
    spar_state_writer_t writer;
    char *bytes = NULL;
    size_t written = 0;
    FILE *again = open_memstream(&bytes, &written);

    require(again != NULL, "no memory");
    require(spar_state_writer_begin(again, &state->origin, &writer) == SPAR_OK,
            "it cannot be written");
    for (size_t i = 0; i < state->comm_count; i++) {
        load_all(file, &state->comms[i]);
        require(spar_state_writer_add(&writer, &state->comms[i]) == SPAR_OK,
                "it cannot be written");
        unload_all(&state->comms[i]);
    }
    require(spar_state_writer_end(&writer) == SPAR_OK, "it cannot be written");
    fclose(again);
    require(written == size && memcmp(bytes, data, size) == 0,
            "written again, it is another file");
    free(bytes);
}

static void file_check(uint8_t *data, size_t size)
{
    FILE *file = fmemopen(data, size, "r");
    spar_state_file_t state;
    const char *cause = NULL;
    spar_status_t status;

    require(file != NULL, "no memory");
    status = spar_state_file_read(file, &state, &cause);
    require(status == SPAR_OK || status == SPAR_ERR_INVALID, "another status");
    require(status == SPAR_OK || cause != NULL, "an error without a cause");
    if (status == SPAR_OK) {
        write_check(file, &state, data, size);
        spar_state_file_destroy(&state);
    }
    fclose(file);
}

/* Behind the bytes from `begin` on, if there is room; returns where it ends. */
static size_t sum_repair(uint8_t *data, size_t size, size_t begin, size_t end)
{
    uint64_t sum;

    if (end > size || size - end < sizeof(sum)) {
        return size;
    }
    sum = XXH3_64bits(data + begin, end - begin);
    memcpy(data + end, &sum, sizeof(sum));
    return end + sizeof(sum);
}

static size_t residual_repair(uint8_t *data, size_t size, size_t at,
                              const spar_state_entry_t *entry)
{
    size_t width = entry->dtype == SPAR_DTYPE_F64 ? 8 : 4;

    return entry->count > (size - at) / width
               ? size
               : sum_repair(data, size, at, at + entry->count * width);
}

static size_t comm_repair(uint8_t *data, size_t size, size_t at,
                          const spar_state_block_t *block)
{
    size_t entries = at + sizeof(*block);
    size_t end = entries + block->layers * sizeof(spar_state_entry_t);

    at = sum_repair(data, size, at, end);
    for (uint32_t i = 0; i < block->layers && at < size; i++) {
        spar_state_entry_t entry;

        memcpy(&entry, data + entries + i * sizeof(entry), sizeof(entry));
        if (entry.owes) {
            at = residual_repair(data, size, at, &entry);
        }
    }
    return at;
}

static void header_repair(uint8_t *data)
{
    spar_state_header_t header;

    memcpy(&header, data, sizeof(header));
    memcpy(header.magic, SPAR_STATE_MAGIC, sizeof(header.magic));
    header.order = SPAR_STATE_ORDER;
    header.version = SPAR_STATE_VERSION;
    header.zero = 0;
    memcpy(data, &header, sizeof(header));
    (void)sum_repair(data, sizeof(header), 0,
                     offsetof(spar_state_header_t, checksum));
}

static void repair(uint8_t *data, size_t size)
{
    size_t at = sizeof(spar_state_header_t);
    spar_state_block_t block;
    uint64_t comms = 0;

    if (size < at) {
        return;
    }
    header_repair(data);
    while (size - at >= sizeof(block)) {
        memcpy(&block, data + at, sizeof(block));
        if (block.kind != SPAR_STATE_COMM) {
            /* All that an end has is given. */
            block = (spar_state_block_t){
                .kind = SPAR_STATE_END, .key = comms, .stamp = at};
            memcpy(data + at, &block, sizeof(block));
            (void)sum_repair(data, size, at, at + sizeof(block));
            return;
        }
        comms++;
        at = comm_repair(data, size, at, &block);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size == 0) {
        return 0; /* a stream in memory has at least one byte */
    }
    copy = malloc(size);
    require(copy != NULL, "no memory");
    memcpy(copy, data, size);
    file_check(copy, size);
    repair(copy, size);
    file_check(copy, size);
    free(copy);
    return 0;
}
