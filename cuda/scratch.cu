#include "cuda/scratch.cuh"

#include "cuda/kernels.cuh"

#include <stdlib.h>

static_assert(sizeof(spar_cuda_state_t) <= SPAR_CUDA_INDICES_AT,
              "the state is in front of the entries");

template <class TYPE>
static spar_status_t take(spar_cuda_scratch_t *scratch, uint64_t count,
                          TYPE **pointer_p)
{
    void *memory = NULL;
    spar_status_t status =
        spar_cuda_status(cudaMalloc(&memory, count * sizeof(TYPE)),
                         "allocating what a selection works in");

    if (status == SPAR_OK) {
        *pointer_p = (TYPE *)memory;
        scratch->bytes += count * sizeof(TYPE);
    }
    return status;
}

static spar_status_t take_tables(spar_cuda_scratch_t *scratch)
{
    spar_cuda_tables_t *tables = &scratch->tables;
    const uint64_t tiles = spar_cuda_tiles(scratch->size.count);
    spar_status_t status = take(scratch, SPAR_CUDA_BUCKETS, &tables->buckets);

    if (status == SPAR_OK) {
        status = take(scratch, SPAR_CUDA_LIST, &tables->list);
    }
    if (status == SPAR_OK) {
        status = take(scratch, tiles, &tables->parts);
    }
    if (status == SPAR_OK && scratch->size.select == SPAR_SELECT_EXACT) {
        status = take(scratch, 2 * tiles, &tables->tile_at);
        tables->tile_count = tables->tile_at + tiles;
    }
    if (status == SPAR_OK && scratch->size.select == SPAR_SELECT_GAUSSIAN) {
        status = take(scratch, 2 * tiles, &tables->moments);
    }
    return status;
}

spar_status_t spar_cuda_scratch_open(spar_cuda_device_t *device,
                                     const spar_cuda_size_t *size,
                                     spar_cuda_scratch_t **scratch_p)
{
    spar_cuda_scratch_t *scratch =
        (spar_cuda_scratch_t *)calloc(1, sizeof(*scratch));
    spar_status_t status;

    if (scratch == NULL) {
        return spar_cuda_error(SPAR_ERR_NO_MEMORY, "no memory");
    }
    scratch->size = *size;
    scratch->device = device;
    scratch->dirty = true;
    status = take_tables(scratch);
    if (status != SPAR_OK) {
        spar_cuda_scratch_close(scratch);
        return status;
    }
    *scratch_p = scratch;
    return SPAR_OK;
}

static void drop(void *memory)
{
    if (memory != NULL) {
        cudaFree(memory);
    }
}

void spar_cuda_scratch_close(spar_cuda_scratch_t *scratch)
{
    if (scratch == NULL) {
        return;
    }
    drop(scratch->tables.buckets);
    drop(scratch->tables.list);
    drop(scratch->tables.parts);
    drop(scratch->tables.tile_at);
    drop(scratch->tables.moments);
    drop(scratch->tables.candidate_indices);
    drop(scratch->tables.candidate_values);
    free(scratch);
}

spar_status_t spar_cuda_scratch_candidates(spar_cuda_scratch_t *scratch,
                                           uint64_t count)
{
    spar_cuda_tables_t *tables = &scratch->tables;
    const uint64_t width = spar_dtype_size(scratch->size.dtype);
    const uint64_t before = tables->capacity * (sizeof(uint32_t) + width);
    unsigned char *values = NULL;
    uint32_t *indices = NULL;
    spar_status_t status;

    if (count <= tables->capacity) {
        return SPAR_OK;
    }
    status = take(scratch, count, &indices);
    if (status == SPAR_OK) {
        status = take(scratch, count * width, &values);
    }
    if (status != SPAR_OK) {
        scratch->bytes -= indices != NULL ? count * sizeof(*indices) : 0;
        drop(indices);
        return status;
    }
    drop(tables->candidate_indices);
    drop(tables->candidate_values);
    scratch->bytes -= before;
    tables->candidate_indices = indices;
    tables->candidate_values = values;
    tables->capacity = (uint32_t)count;
    return SPAR_OK;
}

spar_status_t spar_cuda_scratch_clean(spar_cuda_scratch_t *scratch)
{
    const spar_cuda_tables_t *tables = &scratch->tables;
    const cudaStream_t stream = scratch->device->stream;
    cudaError_t error = cudaSuccess;

    if (scratch->dirty) {
        error = cudaMemsetAsync(tables->buckets, 0,
                                SPAR_CUDA_BUCKETS * sizeof(*tables->buckets),
                                stream);
        if (error == cudaSuccess) {
            error = cudaMemsetAsync(tables->parts, 0,
                                    spar_cuda_tiles(scratch->size.count) *
                                        sizeof(*tables->parts),
                                    stream);
        }
    }
    return spar_cuda_status(error, "clearing what a selection works in");
}

uint64_t spar_cuda_scratch_values_at(uint64_t count)
{
    return SPAR_CUDA_INDICES_AT + (count * sizeof(uint32_t) + 255) / 256 * 256;
}

spar_status_t spar_cuda_scratch_entries(spar_cuda_scratch_t *scratch,
                                        uint64_t count,
                                        spar_cuda_chunk_t **chunk_p)
{
    spar_cuda_tables_t *tables = &scratch->tables;
    const uint64_t values_at = spar_cuda_scratch_values_at(count);
    spar_cuda_chunk_t *chunk;
    spar_status_t status = spar_cuda_chunk_get(
        scratch->device,
        values_at + count * spar_dtype_size(scratch->size.dtype), &chunk);

    if (status == SPAR_OK) {
        tables->state = (spar_cuda_state_t *)chunk->device;
        tables->indices = (uint32_t *)(chunk->device + SPAR_CUDA_INDICES_AT);
        tables->values = chunk->device + values_at;
        tables->room = count;
        *chunk_p = chunk;
    }
    return status;
}
