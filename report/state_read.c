#include "policy/sequence.h"
#include "report/state_file.h"
#include "report/state_layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define CHUNK 16384

static const char cut_short[] = "it is cut short";
static const char checksum_wrong[] = "a checksum does not match";

typedef struct reader {
    FILE *file;
    uint64_t at;
    uint64_t size; /* of the file */
    const char *cause;
} reader_t;

/* Remembers the cause; false, for the caller to return. */
static bool refuse(reader_t *reader, const char *cause)
{
    reader->cause = cause;
    return false;
}

static bool measure(reader_t *reader)
{
    long end;

    if (fseek(reader->file, 0, SEEK_END) != 0 ||
        (end = ftell(reader->file)) < 0 ||
        fseek(reader->file, 0, SEEK_SET) != 0) {
        return refuse(reader, "it cannot be read");
    }
    reader->size = (uint64_t)end;
    return true;
}

static bool get(reader_t *reader, void *to, size_t size)
{
    if (fread(to, 1, size, reader->file) != size) {
        return refuse(reader,
                      ferror(reader->file) ? "it cannot be read" : cut_short);
    }
    reader->at += size;
    return true;
}

static bool get_header(reader_t *reader, spar_state_file_origin_t *origin)
{
    spar_state_header_t header;

    if (!get(reader, &header, sizeof(header))) {
        return false;
    }
    if (memcmp(header.magic, SPAR_STATE_MAGIC, sizeof(header.magic)) != 0) {
        return refuse(reader, "it is no file of residuals");
    }
    if (header.order != SPAR_STATE_ORDER) {
        return refuse(reader, "it has another byte order");
    }
    if (header.version != SPAR_STATE_VERSION) {
        return refuse(reader, "it has another format version");
    }
    if (header.checksum !=
        XXH3_64bits(&header, offsetof(spar_state_header_t, checksum))) {
        return refuse(reader, checksum_wrong);
    }
    *origin = (spar_state_file_origin_t){.ranks = header.ranks,
                                         .rank = header.rank,
                                         .run = header.run,
                                         .save = header.save};
    return true;
}

/* Levels are logarithms of what is finite and not zero. */
static bool take_loss_scale(reader_t *reader, const spar_state_entry_t *entry,
                            spar_loss_scale_t *scale)
{
    bool known = entry->state <= SPAR_LOSS_SCALE_HELD && isfinite(entry->level);

    for (size_t i = 0; i < SPAR_LOSS_SCALE_CALLS; i++) {
        known = known && isfinite(entry->levels[i]);
    }
    if (!known) {
        return refuse(reader, "a layer has an unknown loss scale");
    }
    *scale =
        (spar_loss_scale_t){.level = entry->level,
                            .count = entry->calls,
                            .state = (spar_loss_scale_state_t)entry->state};
    memcpy(scale->levels, entry->levels, sizeof(scale->levels));
    return true;
}

static bool take_entry(reader_t *reader, const spar_state_entry_t *entry,
                       spar_state_file_layer_t *layer)
{
    /* What nobody knows owes nothing. */
    if (entry->dtype > SPAR_DTYPE_BITS16 || entry->owes > 1 ||
        (entry->dtype == SPAR_DTYPE_BITS16 && entry->owes > 0)) {
        return refuse(reader, "a layer has an unknown type");
    }
    *layer = (spar_state_file_layer_t){.count = entry->count,
                                       .dtype = (spar_dtype_t)entry->dtype,
                                       .owes = entry->owes != 0};
    return take_loss_scale(reader, entry, &layer->loss_scale);
}

/* The entries of a block, and the checksum of both. */
static bool get_entries(reader_t *reader, const spar_state_block_t *block,
                        spar_state_file_layer_t *layers)
{
    XXH3_state_t sum;
    uint64_t checksum;

    XXH3_64bits_reset(&sum);
    XXH3_64bits_update(&sum, block, sizeof(*block));
    for (uint32_t i = 0; i < block->layers; i++) {
        spar_state_entry_t entry;

        if (!get(reader, &entry, sizeof(entry)) ||
            !take_entry(reader, &entry, &layers[i])) {
            return false;
        }
        XXH3_64bits_update(&sum, &entry, sizeof(entry));
    }
    if (!get(reader, &checksum, sizeof(checksum))) {
        return false;
    }
    return checksum == XXH3_64bits_digest(&sum) ||
           refuse(reader, checksum_wrong);
}

/* Into `residual`, or, if it is NULL, nowhere. */
static bool get_residual(reader_t *reader, const spar_state_file_layer_t *layer,
                         void *residual)
{
    unsigned char chunk[CHUNK];
    XXH3_state_t sum;
    uint64_t left, checksum;

    if (layer->count > (reader->size - reader->at) /
                           spar_dtype_size(spar_dtype_wide(layer->dtype))) {
        return refuse(reader, cut_short);
    }
    left = spar_state_file_bytes(layer);
    XXH3_64bits_reset(&sum);
    while (left > 0) {
        size_t size = left < CHUNK ? (size_t)left : CHUNK;

        if (!get(reader, chunk, size)) {
            return false;
        }
        XXH3_64bits_update(&sum, chunk, size);
        if (residual != NULL) {
            memcpy(residual, chunk, size);
            residual = (char *)residual + size;
        }
        left -= size;
    }
    if (!get(reader, &checksum, sizeof(checksum))) {
        return false;
    }
    return checksum == XXH3_64bits_digest(&sum) ||
           refuse(reader, checksum_wrong);
}

/* What is in *comm is the caller's to free, also after an error. */
static bool get_comm(reader_t *reader, const spar_state_block_t *block,
                     spar_state_file_comm_t *comm)
{
    *comm = (spar_state_file_comm_t){
        .key = block->key,
        .stamp = block->stamp,
        .size = block->size,
        .rank = block->rank,
        .rescale_due = block->due != 0,
        .rest = {.end = block->rest_end, .steps = block->rest_steps}};
    if (block->due > 1 || block->layers == 0 ||
        block->layers > SPAR_SEQUENCE_MAX_PERIOD ||
        block->rank >= block->size) {
        return refuse(reader, "a communicator is none");
    }
    comm->layers = calloc(block->layers, sizeof(*comm->layers));
    if (comm->layers == NULL) {
        return refuse(reader, NULL);
    }
    comm->layer_count = block->layers;
    if (!get_entries(reader, block, comm->layers)) {
        return false;
    }
    for (uint32_t i = 0; i < comm->layer_count; i++) {
        comm->layers[i].at = reader->at;
        if (comm->layers[i].owes &&
            !get_residual(reader, &comm->layers[i], NULL)) {
            return false;
        }
    }
    return true;
}

/* Room for one more, and the communicator in it. */
static bool add_comm(reader_t *reader, const spar_state_block_t *block,
                     spar_state_file_t *state)
{
    spar_state_file_comm_t *grown =
        realloc(state->comms, (state->comm_count + 1) * sizeof(*grown));

    if (grown == NULL) {
        return refuse(reader, NULL);
    }
    state->comms = grown;
    return get_comm(reader, block, &grown[state->comm_count++]);
}

static bool check_end(reader_t *reader, const spar_state_block_t *block,
                      const spar_state_file_t *state)
{
    uint64_t before = reader->at - sizeof(*block);
    uint64_t checksum;

    if (!get(reader, &checksum, sizeof(checksum))) {
        return false;
    }
    if (checksum != XXH3_64bits(block, sizeof(*block))) {
        return refuse(reader, checksum_wrong);
    }
    return (block->key == state->comm_count && block->stamp == before &&
            reader->at == reader->size) ||
           refuse(reader, "its end does not fit what is before it");
}

static bool get_blocks(reader_t *reader, spar_state_file_t *state)
{
    spar_state_block_t block;

    while (get(reader, &block, sizeof(block))) {
        if (block.kind == SPAR_STATE_END) {
            return check_end(reader, &block, state);
        }
        if (block.kind != SPAR_STATE_COMM) {
            return refuse(reader, "it has an unknown part");
        }
        if (!add_comm(reader, &block, state)) {
            return false;
        }
    }
    return false;
}

/* Without a cause, memory was missing. */
static spar_status_t fail(const reader_t *reader, const char **cause_p)
{
    if (cause_p != NULL) {
        *cause_p = reader->cause != NULL ? reader->cause : "out of memory";
    }
    return reader->cause != NULL ? SPAR_ERR_INVALID : SPAR_ERR_NO_MEMORY;
}

spar_status_t spar_state_file_read(FILE *file, spar_state_file_t *state_p,
                                   const char **cause_p)
{
    reader_t reader = {.file = file};
    spar_state_file_t state = {.comms = NULL};

    if (!measure(&reader) || !get_header(&reader, &state.origin) ||
        !get_blocks(&reader, &state)) {
        spar_state_file_destroy(&state);
        return fail(&reader, cause_p);
    }
    *state_p = state;
    return SPAR_OK;
}

spar_status_t spar_state_file_load(FILE *file,
                                   const spar_state_file_layer_t *layer,
                                   void *residual, const char **cause_p)
{
    reader_t reader = {.file = file};

    if (!measure(&reader)) {
        return fail(&reader, cause_p);
    }
    reader.at = layer->at;
    if (layer->at > reader.size ||
        fseek(file, (long)layer->at, SEEK_SET) != 0) {
        refuse(&reader, cut_short);
        return fail(&reader, cause_p);
    }
    return get_residual(&reader, layer, residual) ? SPAR_OK
                                                  : fail(&reader, cause_p);
}

void spar_state_file_destroy(spar_state_file_t *state)
{
    for (size_t i = 0; i < state->comm_count; i++) {
        free(state->comms[i].layers);
    }
    free(state->comms);
    *state = (spar_state_file_t){.comms = NULL};
}
