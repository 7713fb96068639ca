/*
 * Spar: the memory that the selections of one device layer work in. It is there
 * from the first selection of a size on.
 */
#ifndef SPAR_CUDA_SCRATCH_CUH
#define SPAR_CUDA_SCRATCH_CUH

#include "cuda/device.h"
#include "cuda/state.cuh"

typedef struct spar_cuda_scratch {
    spar_cuda_size_t size;
    spar_cuda_device_t *device;
    spar_cuda_tables_t tables;
    uint64_t launch;          /* number of the latest one that used the parts */
    spar_cuda_chunk_t *chunk; /* of the latest selection; NULL: none */
    spar_wire_parts_t parts;  /* of it, in the chunk */
    bool coded;               /* the parts are there */
    uint64_t last;            /* entries of a selection that has no k */
    uint64_t bytes;           /* on the device */
} spar_cuda_scratch_t;

/* Within the device, like all of these. */
spar_status_t spar_cuda_scratch_open(spar_cuda_device_t *device,
                                     const spar_cuda_size_t *size,
                                     spar_cuda_scratch_t **scratch_p);
/* NULL: nothing. */
void spar_cuda_scratch_close(spar_cuda_scratch_t *scratch);

/* Room for that many candidates. After an error, there is what there was. */
spar_status_t spar_cuda_scratch_candidates(spar_cuda_scratch_t *scratch,
                                           uint64_t count);
/* Where things are in a chunk, in bytes. */
typedef struct spar_cuda_layout {
    uint64_t indices, values;
    uint64_t bits, low; /* as long as each other */
    uint64_t scales, packed;
    uint64_t end;
} spar_cuda_layout_t;

/* A chunk for the state, room for `count` entries, and what they are coded
 * into, which one copy brings home; the tables use it from now on. */
spar_status_t spar_cuda_scratch_entries(spar_cuda_scratch_t *scratch,
                                        uint64_t count,
                                        spar_cuda_chunk_t **chunk_p,
                                        spar_cuda_layout_t *layout_p);

#endif
