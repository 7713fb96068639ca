#include "report/state_file.h"
#include "report/state_layout.h"

#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool put(spar_state_writer_t *writer, const void *bytes, size_t size)
{
    writer->bytes += size;
    return fwrite(bytes, 1, size, writer->file) == size;
}

static spar_status_t status_of(bool written)
{
    return written ? SPAR_OK : SPAR_ERR_IO;
}

spar_status_t spar_state_writer_begin(FILE *file,
                                      const spar_state_file_origin_t *origin,
                                      spar_state_writer_t *writer_p)
{
    spar_state_header_t header = {.order = SPAR_STATE_ORDER,
                                  .version = SPAR_STATE_VERSION,
                                  .ranks = origin->ranks,
                                  .rank = origin->rank,
                                  .run = origin->run,
                                  .save = origin->save};

    memcpy(header.magic, SPAR_STATE_MAGIC, sizeof(header.magic));
    header.checksum =
        XXH3_64bits(&header, offsetof(spar_state_header_t, checksum));
    *writer_p = (spar_state_writer_t){.file = file};
    return status_of(put(writer_p, &header, sizeof(header)));
}

static spar_state_entry_t entry_of(const spar_state_file_layer_t *layer)
{
    spar_state_entry_t entry = {.count = layer->count,
                                .dtype = layer->dtype,
                                .owes = layer->residual != NULL,
                                .level = layer->loss_scale.level,
                                .calls = layer->loss_scale.count,
                                .state = layer->loss_scale.state};

    memcpy(entry.levels, layer->loss_scale.levels, sizeof(entry.levels));
    return entry;
}

static bool put_head(spar_state_writer_t *writer,
                     const spar_state_file_comm_t *comm)
{
    spar_state_block_t block = {.kind = SPAR_STATE_COMM,
                                .size = comm->size,
                                .rank = comm->rank,
                                .layers = comm->layer_count,
                                .key = comm->key,
                                .stamp = comm->stamp,
                                .due = comm->rescale_due,
                                .rest_end = comm->rest.end,
                                .rest_steps = comm->rest.steps};
    XXH3_state_t sum;
    uint64_t checksum;
    bool ok = put(writer, &block, sizeof(block));

    XXH3_64bits_reset(&sum);
    XXH3_64bits_update(&sum, &block, sizeof(block));
    for (uint32_t i = 0; ok && i < comm->layer_count; i++) {
        const spar_state_file_layer_t *layer = &comm->layers[i];
        spar_state_entry_t entry = entry_of(layer);

        ok = put(writer, &entry, sizeof(entry));
        XXH3_64bits_update(&sum, &entry, sizeof(entry));
    }
    checksum = XXH3_64bits_digest(&sum);
    return ok && put(writer, &checksum, sizeof(checksum));
}

static bool put_residual(spar_state_writer_t *writer,
                         const spar_state_file_layer_t *layer)
{
    size_t size = spar_state_file_bytes(layer);
    uint64_t checksum = XXH3_64bits(layer->residual, size);

    writer->residual += size;
    return put(writer, layer->residual, size) &&
           put(writer, &checksum, sizeof(checksum));
}

spar_status_t spar_state_writer_add(spar_state_writer_t *writer,
                                    const spar_state_file_comm_t *comm)
{
    bool ok = put_head(writer, comm);

    for (uint32_t i = 0; ok && i < comm->layer_count; i++) {
        if (comm->layers[i].residual != NULL) {
            ok = put_residual(writer, &comm->layers[i]);
        }
    }
    writer->comms++;
    return status_of(ok);
}

spar_status_t spar_state_writer_end(spar_state_writer_t *writer)
{
    spar_state_block_t block = {
        .kind = SPAR_STATE_END, .key = writer->comms, .stamp = writer->bytes};
    uint64_t checksum = XXH3_64bits(&block, sizeof(block));
    int number = fileno(writer->file); /* negative: it is memory */

    return status_of(put(writer, &block, sizeof(block)) &&
                     put(writer, &checksum, sizeof(checksum)) &&
                     fflush(writer->file) == 0 &&
                     (number < 0 || fsync(number) == 0));
}
