#include "cuda/scratch.cuh"

#include "cuda/kernels.cuh"

#include <stdlib.h>

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

/* As the kernels leave them. */
static spar_status_t clear_tables(const spar_cuda_scratch_t *scratch)
{
    const spar_cuda_tables_t *tables = &scratch->tables;
    const cudaStream_t stream = scratch->device->stream;
    const uint64_t parts = spar_cuda_tiles(scratch->size.count);
    cudaError_t error =
        cudaMemsetAsync(tables->buckets, 0,
                        SPAR_CUDA_BUCKETS * sizeof(*tables->buckets), stream);

    if (error == cudaSuccess) {
        error = cudaMemsetAsync(tables->parts, 0,
                                parts * sizeof(*tables->parts), stream);
    }
    return spar_cuda_status(error, "clearing what a selection works in");
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
    /* As spar_selection_round has it. */
    if (spar_values_dtype(size->values) != size->dtype) {
        scratch->size.values = spar_values_native(size->dtype);
    }
    scratch->device = device;
    status = take_tables(scratch);
    if (status == SPAR_OK) {
        status = clear_tables(scratch);
    }
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
    if (scratch->chunk != NULL) {
        spar_cuda_chunk_put(scratch->device, scratch->chunk);
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

static uint64_t place(uint64_t *end, uint64_t bytes)
{
    const uint64_t at = *end;

    *end += (bytes + 255) / 256 * 256;
    return at;
}

/* Each of the bit vectors takes at most what both do (wire_choose.h), and a
 * word more where bits are put in. */
static spar_cuda_layout_t layout_of(const spar_cuda_size_t *size,
                                    uint64_t count)
{
    const spar_values_t values = size->values;
    const uint64_t coded = count < SPAR_CUDA_CODED ? count : SPAR_CUDA_CODED;
    const uint64_t bits =
        spar_wire_payload_bound(SPAR_VALUES_BF16, size->count, coded) -
        coded * spar_values_size(SPAR_VALUES_BF16) + 8;
    const bool rounded = values != spar_values_native(size->dtype);
    spar_cuda_layout_t layout;

    layout.end = 0;
    place(&layout.end, sizeof(spar_cuda_state_t));
    layout.indices = place(&layout.end, count * sizeof(uint32_t));
    layout.values = place(&layout.end, count * spar_dtype_size(size->dtype));
    layout.bits = place(&layout.end, bits);
    layout.low = place(&layout.end, bits);
    layout.scales = place(&layout.end, spar_values_scales(values, 0, count));
    layout.packed =
        place(&layout.end, rounded ? count * spar_values_size(values) : 0);
    return layout;
}

spar_status_t spar_cuda_scratch_entries(spar_cuda_scratch_t *scratch,
                                        uint64_t count,
                                        spar_cuda_chunk_t **chunk_p,
                                        spar_cuda_layout_t *layout_p)
{
    const spar_cuda_layout_t layout = layout_of(&scratch->size, count);
    spar_cuda_tables_t *tables = &scratch->tables;
    spar_cuda_chunk_t *chunk;
    spar_status_t status =
        spar_cuda_chunk_get(scratch->device, layout.end, &chunk);

    if (status != SPAR_OK) {
        return status;
    }
    tables->state = (spar_cuda_state_t *)chunk->device;
    tables->indices = (uint32_t *)(chunk->device + layout.indices);
    tables->values = chunk->device + layout.values;
    tables->bits = (uint32_t *)(chunk->device + layout.bits);
    tables->low = (uint32_t *)(chunk->device + layout.low);
    tables->scales = chunk->device + layout.scales;
    tables->packed = chunk->device + layout.packed;
    tables->room = count;
    *chunk_p = chunk;
    *layout_p = layout;
    return SPAR_OK;
}
